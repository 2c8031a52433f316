/** Who may send VXLAN of our ids to this host, and what makes the guard of its port so. Pure. */
import { familyOf } from '../values/address.js';
import { PROBE_VNI } from '../values/names.js';
import type { Cluster, Node, NodeAddress } from '../values/types.js';
import type { Difference, HostStep } from './host-steps.js';
import { OFF, type Off, type Standing } from './standing.js';

export interface VxlanGuardPlan {
  /** Addresses. */
  readonly nodes: ReadonlySet<string>;
  readonly vnis: ReadonlySet<number>;
}

/** As this process has made it, but for what is in its sets. */
export interface ObservedVxlanGuard extends VxlanGuardPlan {
  /** Datagrams of nodes, so far, that had come by another way than the one back. */
  readonly strayed: number;
}

/** Datagrams that it has dropped, by the chain of its nft table. */
export type GuardDrops = ReadonlyMap<string, number>;

/** `nodes`: those admitted, of whom probes are let in as well. Those of the other family cannot send to this underlay. */
export const planVxlanGuard = (
  self: NodeAddress,
  nodes: Iterable<Node>,
  networks: Cluster['networks'],
): VxlanGuardPlan => ({
  nodes: new Set([self, ...[...nodes].map((node) => node.address).filter((a) => familyOf(a) === familyOf(self))]),
  vnis: new Set([PROBE_VNI, ...[...networks.values()].flatMap((network) => network.subnets.map(({ vni }) => vni))]),
});

export function vxlanGuardSteps(
  wanted: VxlanGuardPlan | Off,
  found: Standing<ObservedVxlanGuard>,
): readonly HostStep[] {
  if (wanted === OFF)
    return found === undefined ? [] : [{ kind: 'removeVxlanGuard', reason: 'not wanted', prune: true }];
  if (found === undefined || found === 'other') {
    const reason = found === undefined ? 'missing' : 'not as this process makes it';
    return [{ kind: 'replaceVxlanGuard', nodes: [...wanted.nodes], vnis: [...wanted.vnis], reason }];
  }
  const [nodes, vnis] = [difference(found.nodes, wanted.nodes), difference(found.vnis, wanted.vnis)];
  const count = [nodes, vnis].reduce((sum, { come, gone }) => sum + come.length + gone.length, 0);
  return count === 0 ? [] : [{ kind: 'changeVxlanGuard', nodes, vnis, reason: `${count} members differ` }];
}

const difference = <T>(before: ReadonlySet<T>, after: ReadonlySet<T>): Difference<T> => ({
  come: [...after].filter((value) => !before.has(value)),
  gone: [...before].filter((value) => !after.has(value)),
});
