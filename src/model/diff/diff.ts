/** The steps that turn what was found into what is planned, in the order they must run. Pure. */
import { filterSteps } from '../plan/antispoof.js';
import type { NamespacePlan } from '../plan/namespace-plan.js';
import type { ObservedNamespace } from '../plan/observed.js';
import { quietSteps } from '../plan/quiet.js';
import type { Draft, Step } from '../plan/steps.js';
import { sysctlSteps } from '../plan/sysctls.js';
import { accelerationSteps } from '../short-way/steps.js';
import type { NamespaceName } from '../values/types.js';
import { addressSteps, bridgeSteps, vxlanDiffers, vxlanSteps } from './bridges.js';
import { portsOf } from './ports.js';
import { remoteEntries, staticSteps } from './statics.js';
import { straySteps } from './strays.js';
import { fdbSteps, neighbourSteps } from './tables.js';
import { uplinkSteps } from './uplink.js';

export const diff = (
  name: NamespaceName,
  wanted: NamespacePlan | undefined,
  found: ObservedNamespace | undefined,
): readonly Step[] => diffParts(name, wanted, found).flatMap((part) => part());

/** The same in parts, each of which takes milliseconds where there are thousands of peers. */
export function diffParts(
  name: NamespaceName,
  wanted: NamespacePlan | undefined,
  found: ObservedNamespace | undefined,
): readonly (() => readonly Step[])[] {
  const parts = wanted === undefined ? [() => removal(found)] : namespaceParts(wanted, found);
  return parts.map((part) => () => part().map((draft): Step => ({ ...draft, ns: name })));
}

const removal = (found: ObservedNamespace | undefined): readonly Draft[] =>
  found === undefined
    ? []
    : [{ kind: 'removeNamespace', reason: 'no endpoint of the network lives on this host', prune: true }];

function namespaceParts(
  wanted: NamespacePlan,
  found: ObservedNamespace | undefined,
): readonly (() => readonly Draft[])[] {
  const seen: ObservedNamespace = found ?? nothing(wanted.name);
  const links = new Map(seen.links.map((link) => [link.name, link]));
  const remade = new Set(wanted.bridges.filter((b) => vxlanDiffers(b, links.get(b.vxlan))).map((b) => b.vxlan));
  const ports = portsOf(wanted, seen.links);
  const local = ports.map(({ plan: { bridge, mac }, link }) => ({ bridge, link, mac }));
  const entries = () => [...remoteEntries(wanted), ...local];
  const masters = new Map([
    ...wanted.bridges.map((b) => [b.vxlan, b.name] as const),
    ...local.map((p) => [p.link, p.bridge] as const),
  ]);
  const leaving = seen.links.filter((l) => l.master !== masters.get(l.name)).map((l) => l.name);
  // Only this: what else there is was not read, and comes with the next look. The MACs in use stay known throughout.
  if (seen.learning)
    return [
      () =>
        staticSteps(
          entries().filter((e) => links.get(e.link)?.master === e.bridge),
          [],
          new Set(),
        ),
      () => quietSteps(seen.links),
    ];
  return [
    () => [...linkSteps(wanted, seen, found === undefined), ...ports.flatMap((p) => p.steps)],
    () => staticSteps(entries(), seen.statics, new Set([...leaving, ...remade])),
    () => neighbourSteps(wanted, seen, remade),
    () => fdbSteps(wanted, seen, remade),
    () => accelerationSteps(wanted, local, seen.acceleration),
  ];
}

function linkSteps(wanted: NamespacePlan, seen: ObservedNamespace, isNew: boolean): readonly Draft[] {
  const links = new Map(seen.links.map((link) => [link.name, link]));
  return [
    ...(isNew ? [{ kind: 'createNamespace' as const, reason: 'missing' }] : []),
    ...sysctlSteps(seen),
    ...(seen.unmounted ? [{ kind: 'mountNamespace' as const, reason: 'its file was unmounted' }] : []),
    ...straySteps(wanted, seen.links),
    ...wanted.bridges.flatMap((b) => [
      ...bridgeSteps(b, wanted.network, links.get(b.name)),
      ...addressSteps(b, seen),
      ...vxlanSteps(b, links.get(b.vxlan)),
    ]),
    ...filterSteps(wanted.ports, seen),
    ...uplinkSteps(wanted.uplink, seen),
  ];
}

const nothing = (name: NamespaceName): ObservedNamespace => ({
  name,
  links: [],
  addresses: [],
  neighbours: [],
  fdb: [],
  statics: [],
  sysctls: new Map(),
  filters: [],
});
