/** Which containers of this host get a resolver, and the networks whose names each may ask for. */

import { namespaceFile } from '../kernel/namespace-file.js';
import type { Endpoint, NetworkId, NodeId } from '../model/types.js';
import type { LocalEndpoints } from '../registry/local-endpoints.js';
import { ownIn } from '../registry/own.js';
import type { Peers } from '../registry/peers.js';
import type { ClusterView } from '../store/cluster.js';
import { Directory } from './directory.js';
import type { DnsService } from './service.js';
import type { Zone } from './zone.js';

/** Endpoints that are indexed at once, and how long, ms. */
const PIECE = 50;
const SLICE_MS = 4;

export class Sandboxes {
  private readonly directories = new Map<NetworkId, Directory>();
  /** Networks whose names are still to be indexed. */
  private cold = new Set<NetworkId>();
  private warm: NodeJS.Immediate | undefined;
  /** What the resolvers were last made for. */
  private synced: { readonly own: readonly Endpoint[]; readonly changes: number } = { own: [], changes: -1 };

  constructor(
    private readonly view: ClusterView,
    private readonly local: LocalEndpoints,
    private readonly self: NodeId,
    private readonly peers: Peers,
    private readonly dns: DnsService,
  ) {}

  /**
   * Starts and stops resolvers so that each sandbox with an endpoint of ours has one. Idempotent; where none of this
   * host's endpoints has changed there is nothing to do.
   */
  sync(): void {
    const own = this.own();
    const { changes } = this.local;
    const isSame = own.length === this.synced.own.length && own.every((e, i) => e === this.synced.own[i]);
    if (isSame && changes === this.synced.changes) return;
    this.synced = { own, changes };
    const networks = new Map<string, NetworkId[]>();
    for (const endpoint of own) {
      const sandbox = this.local.sandboxOf(endpoint);
      if (sandbox !== undefined) networks.set(sandbox, [...(networks.get(sandbox) ?? []), endpoint.network]);
    }
    const used = new Set([...networks.values()].flat());
    for (const id of this.directories.keys()) if (!used.has(id)) this.directories.delete(id);
    this.cold = used;
    this.warm ??= setImmediate(() => this.index()).unref();
    this.dns.sync(new Map([...networks].map(([sandbox, ids]) => [sandbox, () => this.zones(ids)])));
  }

  /**
   * Sees to it that the sandbox's resolver stands before its container's process starts. Engines before 28 join
   * before there is a namespace: then it follows by itself as soon as the runtime has made one.
   */
  async serve(sandbox: string, deadlineMs: number): Promise<void> {
    this.sync();
    if (namespaceFile(sandbox).kind === 'mounted') await this.dns.ready(sandbox, deadlineMs);
  }

  private own(): readonly Endpoint[] {
    return [...this.view.current.endpoints.values()].flatMap((all) => ownIn(all, this.self));
  }

  /** The names of a network of thousands take longer than a question may wait: so they are found before the first. */
  private index(): void {
    this.warm = undefined;
    const end = performance.now() + SLICE_MS;
    for (const id of this.cold) {
      while (performance.now() < end && !this.directory(id).approach(this.peers.of(id), PIECE));
      if (performance.now() >= end) break;
      this.cold.delete(id);
    }
    if (this.cold.size > 0) this.warm = setImmediate(() => this.index()).unref();
  }

  private zones(ids: readonly NetworkId[]): readonly Zone[] {
    const { networks } = this.view.current;
    return ids.map((id) => ({
      network: networks.get(id)?.announced?.name ?? '',
      directory: this.directory(id).follow(this.peers.of(id)),
    }));
  }

  private directory(id: NetworkId): Directory {
    const known = this.directories.get(id) ?? new Directory();
    this.directories.set(id, known);
    return known;
  }
}
