/** What makes the short way of a network as planned: its lane, its ports, and where its MACs are. Pure. */
import type { NamespacePlan } from '../plan/namespace-plan.js';
import type { ObservedAcceleration } from '../plan/observed.js';
import type { Draft } from '../plan/steps.js';
import { markOf } from '../plan/underlay.js';
import type { Mac } from '../values/types.js';

/** As many MACs of a network have the short way: what the kernel's map has room for. */
export const MOST_WAYS = 16_384;

/** Where a MAC is: the name of a port, or a VTEP. */
export type Ways = ReadonlyMap<Mac, string>;

interface LocalPort {
  readonly link: string;
  readonly mac: Mac;
}

/** A container's own host knows best where it is. */
export function waysOf({ peers, acceleration }: NamespacePlan, ports: readonly LocalPort[]): Ways {
  const ways = new Map<Mac, string>();
  if (typeof acceleration !== 'object') return ways;
  for (const { mac, link } of ports) ways.set(mac, link);
  for (const { mac, vtep } of peers) if (ways.size < MOST_WAYS && !ways.has(mac)) ways.set(mac, vtep);
  return ways;
}

/** What is undecided stays as it is. */
export function accelerationSteps(
  wanted: NamespacePlan,
  ports: readonly LocalPort[],
  found: ObservedAcceleration | undefined,
): readonly Draft[] {
  const { acceleration: plan } = wanted;
  if (plan === 'undecided') return [];
  if (plan === undefined)
    return found === undefined ? [] : [{ kind: 'removeLane', reason: 'the network has no short way' }];
  const mark = markOf(plan);
  const isWhole = found?.lane === mark;
  const reason = found === undefined ? 'missing' : 'not as planned';
  const unhooked = ports.filter(({ link }) => !isWhole || found.ports.get(link) !== mark);
  return [
    ...(isWhole ? [] : [{ kind: 'createLane' as const, plan, reason }]),
    // An lane that was made anew has another index, which the ports' program knows.
    ...unhooked.map(({ link }): Draft => ({ kind: 'hookPort', link, plan, reason: 'not hooked' })),
    ...waySteps(waysOf(wanted, ports), found?.ways ?? new Map()),
  ];
}

export function waySteps(wanted: Ways, have: Ways): readonly Draft[] {
  const steps: Draft[] = [];
  for (const [mac, at] of have)
    if (!wanted.has(mac))
      steps.push({ kind: 'removeWay', mac, reason: `its endpoint is gone from ${at}`, prune: true });
  for (const [mac, at] of wanted) {
    const was = have.get(mac);
    const reason = was === undefined ? 'missing' : `it leads to ${was || 'nobody'}`;
    if (was !== at) steps.push({ kind: 'replaceWay', mac, at, reason });
  }
  return steps;
}
