/** Which containers of this host get a resolver, and the networks whose names each may ask for. */

import { namespaceFile } from '../../kernel/system/namespace-file.js';
import type { Endpoint, EndpointId, NetworkId, NodeId } from '../../model/values/types.js';
import type { Peers } from '../../registry/endpoints/peers.js';
import type { ForeignNetwork } from '../../registry/local/foreign-network.js';
import type { ForeignNetworks, ForeignPlace } from '../../registry/local/foreign-networks.js';
import type { LocalEndpoints } from '../../registry/local/local-endpoints.js';
import { ownIn } from '../../registry/local/own.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import { Directory } from '../answers/directory.js';
import { linksIn } from '../answers/links.js';
import { inOrder, type Rank, type Zone, type Zones } from '../answers/zone.js';
import type { DnsService } from './service.js';

/** Endpoints that are indexed at once, and how long, ms. */
const PIECE = 50;
const SLICE_MS = 4;
/** Containers of a network of another driver that one question indexes at most: the others are the next one's. */
const MOST_FOREIGN = 500;
/** The engine tells of a container right after its start; one that does not is not waited for any longer, ms. */
const UNTOLD_MS = 1000;

/** One of a container's networks. */
interface Place {
  readonly network: NetworkId;
  readonly endpoint: EndpointId;
}

export interface SandboxesParts {
  readonly view: Pick<ClusterView, 'current'>;
  readonly local: Pick<LocalEndpoints, 'changes' | 'lookups' | 'sandboxOf'>;
  readonly self: NodeId;
  readonly peers: Pick<Peers, 'of'>;
  readonly foreign: Pick<ForeignNetworks, 'of'>;
  readonly dns: Pick<DnsService, 'ready' | 'sync'>;
}

type Ranked = Rank & Omit<Zone, 'network'>;

export class Sandboxes {
  private readonly directories = new Map<NetworkId, Directory>();
  private readonly foreignDirectories = new WeakMap<ForeignNetwork, Directory>();
  /** Networks whose names are still to be indexed. */
  private cold = new Set<NetworkId>();
  private warm: NodeJS.Immediate | undefined;
  private wanted: ReadonlyMap<string, Zones> = new Map();
  /** What the resolvers were last made for. */
  private synced: { readonly own: readonly Endpoint[]; readonly changes: number } = { own: [], changes: -1 };

  constructor(private readonly parts: SandboxesParts) {}

  /**
   * Starts and stops resolvers so that each sandbox with an endpoint of ours has one. Idempotent; where none of this
   * host's endpoints has changed there is nothing to do.
   */
  sync(): void {
    const own = this.own();
    const { changes } = this.parts.local;
    const isSame = own.length === this.synced.own.length && own.every((e, i) => e === this.synced.own[i]);
    if (isSame && changes === this.synced.changes) return;
    this.synced = { own, changes };
    const sandboxes = new Map<string, Place[]>();
    for (const endpoint of own) {
      const sandbox = this.parts.local.sandboxOf(endpoint);
      if (sandbox !== undefined)
        sandboxes.set(sandbox, [
          ...(sandboxes.get(sandbox) ?? []),
          { network: endpoint.network, endpoint: endpoint.id },
        ]);
    }
    const used = new Set([...sandboxes.values()].flat().map(({ network }) => network));
    for (const id of this.directories.keys()) if (!used.has(id)) this.directories.delete(id);
    this.cold = used;
    this.warm ??= setImmediate(() => this.index()).unref();
    this.wanted = new Map([...sandboxes].map(([sandbox, places]) => [sandbox, () => this.zones(sandbox, places)]));
    this.parts.dns.sync(this.wanted);
  }

  /** What the sandbox's container can look up; undefined for one that gets no resolver. */
  zonesOf(sandbox: string): Zones | undefined {
    return this.wanted.get(sandbox);
  }

  /**
   * Sees to it that the sandbox's resolver stands before its container's process starts. Engines before 28 join
   * before there is a namespace: then it follows by itself as soon as the runtime has made one.
   */
  async serve(sandbox: string, deadlineMs: number): Promise<void> {
    this.sync();
    if (namespaceFile(sandbox).kind === 'mounted') await this.parts.dns.ready(sandbox, deadlineMs);
  }

  private own(): readonly Endpoint[] {
    return [...this.parts.view.current.endpoints.values()].flatMap((all) => ownIn(all, this.parts.self));
  }

  /** The names of a network of thousands take longer than a question may wait: so they are found before the first. */
  private index(): void {
    this.warm = undefined;
    const end = performance.now() + SLICE_MS;
    for (const id of this.cold) {
      while (performance.now() < end && !this.directory(id).approach(this.parts.peers.of(id), PIECE));
      if (performance.now() >= end) break;
      this.cold.delete(id);
    }
    if (this.cold.size > 0) this.warm = setImmediate(() => this.index()).unref();
  }

  /** A program's first question comes before the engine tells of its container; a link must hold for that one too. */
  private zones(sandbox: string, places: readonly Place[]): readonly Zone[] | Promise<unknown> {
    const untold = places.flatMap(({ endpoint }) => this.parts.local.lookups.untoldOf(endpoint) ?? []);
    if (untold.length > 0) {
      const patience = setTimeout(() => {
        for (const { endpoint } of places) this.parts.local.lookups.giveUp(endpoint);
      }, UNTOLD_MS).unref();
      return Promise.all(untold).finally(() => clearTimeout(patience));
    }
    return [
      ...places.map((place) => this.ours(place)),
      ...this.parts.foreign.of(sandbox).map((place) => this.others(place)),
    ]
      .sort(inOrder)
      .map(({ name, ...zone }) => ({ network: name, ...zone }));
  }

  private ours({ network, endpoint }: Place): Ranked {
    const found = this.parts.view.current.networks.get(network);
    const lookup = this.parts.local.lookups.of(endpoint);
    return {
      ...{ name: found?.announced?.name ?? '', internal: found?.internal === true },
      ...{ gateways: 0, priority: lookup?.priority ?? 0 },
      directory: this.directory(network).follow(this.parts.peers.of(network)),
      links: linksIn(lookup),
      passesOn: lookup !== undefined && lookup.priority === undefined,
    };
  }

  /** A network of another driver, which the engine asks at its place in the order. */
  private others({ network, traits, attachment: { lookup, gateways } }: ForeignPlace): Ranked {
    const directory = this.foreignDirectories.get(network) ?? new Directory();
    this.foreignDirectories.set(network, directory);
    directory.approach(network.endpoints, MOST_FOREIGN);
    return {
      ...{ ...traits, gateways, priority: lookup.priority ?? 0 },
      directory,
      links: linksIn(lookup),
      passesOn: lookup.priority === undefined,
    };
  }

  private directory(id: NetworkId): Directory {
    const known = this.directories.get(id) ?? new Directory();
    this.directories.set(id, known);
    return known;
  }
}
