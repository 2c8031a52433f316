/**
 * What has to be done when one plan follows another that was carried out: the steps between the two, found without a
 * look at the tables, which may have thousands of entries. Both plans are cut down to the peers that only one of them
 * has; the rest is the same comparison as always. In a plan no two peers share an address, nor two endpoints a MAC on
 * one device (see `sound.ts`), so that what both have is nobody else's. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import type { NamespacePlan } from '../plan/namespace-plan.js';
import { type ObservedNamespace, portLinks } from '../plan/observed.js';
import { type Step, stepIn } from '../plan/steps.js';
import { waySteps, waysOf } from '../short-way/steps.js';
import { differences } from '../values/differing.js';
import { diff } from './diff.js';
import { repairs } from './repairs.js';
import { remoteEntries, type StaticEntry, standing, staticSteps } from './statics.js';
import { fdbOf, fdbSteps, neighbourSteps } from './tables.js';

/** Where remote endpoints alone have changed. Undefined when more has: then the devices have to be looked at. */
export function peerSteps(before: NamespacePlan, after: NamespacePlan): readonly Step[] | undefined {
  if (!haveSameDevices(before, after)) return undefined;
  const [was, is] = narrowed(before, after);
  const none = new Set<string>();
  const drafts = [
    ...staticSteps(remoteEntries(is), standing(remoteEntries(was)), none),
    ...neighbourSteps(is, { neighbours: neighboursOf(was) }, none),
    ...fdbSteps(is, { fdb: fdbOf(was) }, none),
    ...waySteps(waysOf(is, []), waysOf(was, [])),
  ];
  return drafts.map((draft) => stepIn(after.name, draft));
}

/**
 * Where ports have changed too. `devices`: the namespace as it is, without its tables. `due`: those of the steps that
 * mend what somebody broke. Undefined when a device was changed that entries hang on: then all has to be looked at.
 */
export function deviceSteps(
  before: NamespacePlan,
  after: NamespacePlan,
  devices: ObservedNamespace,
): { readonly steps: readonly Step[]; readonly due: readonly Step[] } | undefined {
  if (devices.learning || !isDeepStrictEqual(before.acceleration, after.acceleration)) return undefined;
  const [was, is] = narrowed(before, after);
  const local = localEntries(was, devices);
  const found = {
    ...devices,
    ...{ neighbours: neighboursOf(was), fdb: fdbOf(was), statics: standing([...remoteEntries(was), ...local]) },
    ...(devices.acceleration && { acceleration: { ...devices.acceleration, ways: waysOf(was, local) } }),
  };
  const steps = diff(after.name, is, found);
  const carriers = new Set([...before.bridges, ...after.bridges].flatMap((b) => [b.name, b.vxlan]));
  if (steps.some((step) => isRemaking(step, carriers))) return undefined;
  return { steps, due: repairs(steps, found, was) };
}

const haveSameDevices = (a: NamespacePlan, b: NamespacePlan): boolean =>
  a.network === b.network &&
  a.ports.length === b.ports.length &&
  a.ports.every((port, i) => port === b.ports[i]) &&
  isDeepStrictEqual([a.bridges, a.uplink, a.acceleration], [b.bridges, b.uplink, b.acceleration]);

const isRemaking = (step: Step, carriers: ReadonlySet<string>): boolean =>
  step.kind === 'createBridge' ||
  step.kind === 'createVxlan' ||
  step.kind === 'createLane' ||
  ((step.kind === 'removeLink' || step.kind === 'setMaster') && carriers.has(step.link));

/** Both without what they have in common. */
function narrowed(before: NamespacePlan, after: NamespacePlan): readonly [NamespacePlan, NamespacePlan] {
  const [gone, come] = differences(before.peers, after.peers);
  const isFlooding = !isDeepStrictEqual(before.floods, after.floods);
  const floodsOf = ({ floods }: NamespacePlan) => (isFlooding ? floods : []);
  return [
    { ...before, peers: gone, floods: floodsOf(before) },
    { ...after, peers: come, floods: floodsOf(after) },
  ];
}

const neighboursOf = ({ peers }: NamespacePlan): ObservedNamespace['neighbours'] =>
  peers.map(({ vxlan, ip, mac }) => ({ link: vxlan, ip, mac }));

/** As the plan made them, on the ports that are still where they were. */
function localEntries(plan: NamespacePlan, { links }: ObservedNamespace): readonly StaticEntry[] {
  const byEndpoint = portLinks(links);
  return plan.ports.flatMap(({ endpoint, bridge, mac }) => {
    const link = byEndpoint.get(endpoint);
    return link?.master === bridge ? [{ bridge, link: link.name, mac }] : [];
  });
}
