/**
 * The endpoints of a network that count: for the kernel and for names. The store may hold others, for who may write
 * to it may write anything: of hosts that are none, of this host though it never made them, or with addresses that
 * are not theirs.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { Contest, type Sound } from '../../model/cluster/sound.js';
import { differing, firstOf } from '../../model/values/differing.js';
import type { Cidr, Cluster, Endpoint, EndpointId, Ip, Network, NetworkId, NodeId } from '../../model/values/types.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { LocalEndpoints } from '../local/local-endpoints.js';
import { Admission, type Admitted } from '../nodes/admission.js';
import { Holders, type LeaseHolders } from './holders.js';

/** Endpoints that are judged at once. */
const SLICE = 250;

type All = ReadonlyMap<EndpointId, Endpoint>;

/** What a judgement was made of: while all are the same, so is the result. */
interface Grounds {
  readonly network: Network;
  readonly all: All;
  readonly admitted: Admitted;
  readonly lives: object;
  readonly holders: ReadonlyMap<string, EndpointId> | undefined;
}

interface Known extends Sound {
  readonly from: Grounds;
  readonly contest: Contest;
  /** Those that took part: all but those of hosts that are none, and of this host though it never made them. */
  readonly counted: Map<EndpointId, Endpoint>;
}

export interface PeersParts {
  readonly view: Pick<ClusterView, 'current' | 'onChange'>;
  readonly self: NodeId;
  readonly local: Pick<LocalEndpoints, 'isLive' | 'lives'>;
  readonly leases: LeaseHolders;
}

export class Peers {
  private readonly known = new Map<NetworkId, Known>();
  private readonly holders: Holders;
  private readonly admission = new Admission(() => this.nodesChanged());
  private admitted: Admitted = new Map();
  private readonly listeners: ((network: NetworkId) => void)[] = [];

  constructor(private readonly parts: PeersParts) {
    this.holders = new Holders(parts.leases, {
      onAnswer: (id) => this.changed(id),
      onSilence: (id) => this.known.delete(id),
    });
    this.admitted = this.admission.look(parts.view.current.nodes);
    parts.view.onChange((_, changed) => {
      if (changed.nodes) this.nodesChanged();
      for (const id of this.known.keys()) if (!parts.view.current.endpoints.has(id)) this.forget(id);
    });
  }

  /** Told when other endpoints of a network count than before, though none of its records changed. */
  onChange(listener: (network: NetworkId) => void): void {
    this.listeners.push(listener);
  }

  /** None while the network's record or its endpoints are not loaded. */
  of(id: NetworkId): All {
    const from = this.groundsOf(id);
    if (from === undefined) return new Map();
    const known = this.known.get(id);
    if (known !== undefined && isSame(known.from, from)) return known.endpoints;
    const result = this.judge(from, known);
    this.known.set(id, result);
    const { all } = from;
    if (result.contested.length > 0) this.holders.look(id, all, result.contested);
    return result.endpoints;
  }

  /** Judges thousands that are new in slices, so that {@link of} has little to do. */
  async prepare(id: NetworkId): Promise<void> {
    for (let size = (this.known.get(id)?.from.all.size ?? 0) + SLICE; ; size += SLICE) {
      const from = this.groundsOf(id);
      if (from === undefined || from.all.size <= size) return;
      this.known.set(id, this.judge({ ...from, all: firstOf(from.all, size) }, this.known.get(id)));
      await breathe();
    }
  }

  /** The cluster with no endpoints but those of one network that count, and the nodes that they may be on. */
  within(cluster: Cluster, id: NetworkId): Cluster {
    if (!cluster.endpoints.has(id)) return cluster;
    return { ...cluster, nodes: this.admitted, endpoints: new Map([[id, this.of(id)]]) };
  }

  stop(): void {
    this.admission.stop();
  }

  /** Costs what has changed since the last time, and a look at each record: 0.2 ms of 5,000. */
  private judge(from: Grounds, last: Known | undefined): Known {
    const before = last?.from.network === from.network ? last : undefined;
    const contest = before?.contest ?? new Contest(from.network, (e) => e.node === this.parts.self);
    const counted = before?.counted ?? new Map<EndpointId, Endpoint>();
    const [gone, come]: [Endpoint[], Endpoint[]] = [[], []];
    for (const id of this.candidates(from, before?.from)) {
      const [was, is] = [counted.get(id), this.counting(from, id)];
      if (was === is) continue;
      if (was !== undefined) gone.push(was);
      counted.delete(id);
      if (is === undefined) continue;
      come.push(is);
      counted.set(id, is);
    }
    const { holders } = from;
    const holderOf = (pool: Cidr, ip: Ip) => holders?.get(`${pool} ${ip}`);
    const isSameHolders = before === undefined || before.from.holders === holders;
    if (before !== undefined && gone.length === 0 && come.length === 0 && isSameHolders) {
      const endpoints = before.endpoints.size === from.all.size ? from.all : before.endpoints;
      return { ...before, from, endpoints };
    }
    return { ...contest.change(from.all, gone, come, holderOf, !isSameHolders), from, contest, counted };
  }

  /** Whose part may be another one than before. */
  private candidates(from: Grounds, before: Grounds | undefined): Iterable<EndpointId> {
    const changed = differing(before?.all ?? new Map(), from.all);
    if (before === undefined || (before.admitted === from.admitted && before.lives === from.lives)) return changed;
    return new Set([...changed, ...from.all.keys()]);
  }

  private groundsOf(id: NetworkId): Grounds | undefined {
    const { networks, endpoints } = this.parts.view.current;
    const [network, all] = [networks.get(id), endpoints.get(id)];
    if (network === undefined || all === undefined) return undefined;
    return { network, all, admitted: this.admitted, lives: this.parts.local.lives, holders: this.holders.of(id) };
  }

  private counting({ all, admitted }: Grounds, id: EndpointId): Endpoint | undefined {
    const e = all.get(id);
    const counts = e && (e.node === this.parts.self ? this.parts.local.isLive(e.id) : admitted.has(e.node));
    return counts ? e : undefined;
  }

  private nodesChanged(): void {
    const before = this.admitted;
    this.admitted = this.admission.look(this.parts.view.current.nodes);
    if (this.admitted === before) return;
    // Also one that takes VXLAN elsewhere now.
    const isOther = ({ node }: Endpoint): boolean => before.get(node)?.address !== this.admitted.get(node)?.address;
    for (const [id, all] of this.parts.view.current.endpoints) if (some(all.values(), isOther)) this.changed(id);
  }

  private changed(id: NetworkId): void {
    for (const tell of this.listeners) tell(id);
  }

  private forget(id: NetworkId): void {
    this.known.delete(id);
    this.holders.forget(id);
  }
}

const isSame = (a: Grounds, b: Grounds): boolean =>
  a.network === b.network &&
  a.all === b.all &&
  a.admitted === b.admitted &&
  a.lives === b.lives &&
  a.holders === b.holders;

function some<T>(values: Iterable<T>, holds: (value: T) => boolean): boolean {
  for (const value of values) if (holds(value)) return true;
  return false;
}
