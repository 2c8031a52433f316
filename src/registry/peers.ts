/**
 * The endpoints of a network that count: for the kernel and for names. The store may hold others, for who may write
 * to it may write anything: of hosts that are none, of this host though it never made them, or with addresses that
 * are not theirs.
 */
import { isStoreError } from '../errors.js';
import type { Sound } from '../model/sound.js';
import { sound } from '../model/sound.js';
import type { Cidr, Cluster, Endpoint, EndpointId, Ip, Network, NetworkId, NodeId } from '../model/types.js';
import type { ClusterView } from '../store/cluster.js';
import { Admission, type Admitted } from './admission.js';
import type { LocalEndpoints } from './local-endpoints.js';

/** Leases that are looked up for one network at a time; who claims more addresses twice waits. */
const MOST_LOOKUPS = 64;

/** How soon it is asked again when the store did not answer, ms. */
const RETRY_MS = 5_000;

type All = ReadonlyMap<EndpointId, Endpoint>;

interface Known extends Sound {
  /** What it was made of: while all are the same, so is the result. */
  readonly from: readonly unknown[];
}

export interface Leases {
  /** The lease's holder; undefined when the address is nobody's. Rejects with a StoreError. */
  holder(pool: Cidr, ip: Ip): Promise<EndpointId | undefined>;
}

export class Peers {
  private readonly known = new Map<NetworkId, Known>();
  /** By network: who holds the addresses that several claim, asked when these were the claims. */
  private readonly holders = new Map<NetworkId, { readonly of: All; readonly by: ReadonlyMap<string, EndpointId> }>();
  private readonly asking = new Set<NetworkId>();
  private readonly admission = new Admission(() => this.nodesChanged());
  private admitted: Admitted = new Map();

  constructor(
    private readonly view: ClusterView,
    private readonly self: NodeId,
    private readonly local: Pick<LocalEndpoints, 'isLive' | 'lives'>,
    private readonly leases: Leases,
    /** Told when other endpoints of a network count than before, though none of its records changed; all: no network. */
    private readonly onChange: (network?: NetworkId) => void,
  ) {
    this.admitted = this.admission.look(view.current.nodes);
    view.onChange((_, changed) => {
      if (changed.nodes) this.nodesChanged();
      for (const id of this.known.keys()) if (!view.current.endpoints.has(id)) this.forget(id);
    });
  }

  /** None while the network's record or its endpoints are not loaded. */
  of(id: NetworkId): All {
    const { networks, endpoints } = this.view.current;
    const [network, all] = [networks.get(id), endpoints.get(id)];
    if (network === undefined || all === undefined) return new Map();
    const holders = this.holders.get(id)?.by;
    const from = [network, all, this.admitted, this.local.lives, holders];
    const known = this.known.get(id);
    if (known?.from.every((part, i) => part === from[i])) return known.endpoints;
    const result = this.judge(network, all, holders);
    this.known.set(id, { ...result, from });
    if (result.contested.length > 0 && this.holders.get(id)?.of !== all) void this.ask(id, all, result);
    return result.endpoints;
  }

  /** The cluster with the endpoints of one network that count, and the nodes that they are on. */
  within(cluster: Cluster, id: NetworkId): Cluster {
    if (!cluster.endpoints.has(id)) return cluster;
    return { ...cluster, nodes: this.admitted, endpoints: new Map([...cluster.endpoints, [id, this.of(id)]]) };
  }

  stop(): void {
    this.admission.stop();
  }

  private judge(network: Network, all: All, holders: ReadonlyMap<string, EndpointId> | undefined): Sound {
    const counting = [...all.values()].filter((e) =>
      e.node === this.self ? this.local.isLive(e.id) : this.admitted.has(e.node),
    );
    const holderOf = (pool: Cidr, ip: Ip) => holders?.get(`${pool} ${ip}`);
    return sound(network, counting, holderOf, (e) => e.node === this.self);
  }

  /** Asks the store about what several claim. Until it has told, the older one has it. Never rejects. */
  private async ask(id: NetworkId, all: All, { contested }: Sound): Promise<void> {
    if (this.asking.has(id)) return;
    this.asking.add(id);
    try {
      const found = await Promise.all(
        contested.slice(0, MOST_LOOKUPS).map(async ({ pool, ip }) => {
          const holder = await this.leases.holder(pool, ip);
          return holder === undefined ? [] : [[`${pool} ${ip}`, holder] as const];
        }),
      );
      this.holders.set(id, { of: all, by: new Map(found.flat()) });
      this.onChange(id);
    } catch (e) {
      if (!isStoreError(e)) throw e;
      setTimeout(() => this.known.delete(id), RETRY_MS).unref();
    } finally {
      this.asking.delete(id);
    }
  }

  private nodesChanged(): void {
    const before = this.admitted;
    this.admitted = this.admission.look(this.view.current.nodes);
    if (this.admitted !== before) this.onChange();
  }

  private forget(id: NetworkId): void {
    this.known.delete(id);
    this.holders.delete(id);
  }
}
