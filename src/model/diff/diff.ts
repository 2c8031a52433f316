/** The steps that turn what was found into what is planned, in the order they must run. Pure. */
import { filterSteps } from '../plan/antispoof.js';
import type { NamespacePlan } from '../plan/namespace-plan.js';
import { doubles, type ObservedLink, type ObservedNamespace, portLinks } from '../plan/observed.js';
import { quietSteps } from '../plan/quiet.js';
import { type Draft, type Step, stepIn } from '../plan/steps.js';
import { sysctlSteps } from '../plan/sysctls.js';
import { accelerationSteps } from '../short-way/steps.js';
import { LANE } from '../values/names.js';
import type { NamespaceName } from '../values/types.js';
import { addressSteps, bridgeSteps, vxlanDiffers, vxlanSteps } from './bridges.js';
import { portsOf } from './ports.js';
import { remoteEntries, staticSteps } from './statics.js';
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
  return parts.map((part) => () => part().map((draft) => stepIn(name, draft)));
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

/**
 * The namespace is ours alone: what nobody planned has no business in it, be it a bridge, a VXLAN device, a veth, or
 * whatever else is on a bridge. Hardware cannot be removed.
 */
function straySteps(wanted: NamespacePlan, links: readonly ObservedLink[]): readonly Draft[] {
  const names = new Set<string>(wanted.bridges.flatMap((b) => [b.name, b.vxlan]));
  const pairs = new Set<string | undefined>([LANE, wanted.uplink?.link]);
  const endpoints = new Set<string>(wanted.ports.map((p) => p.endpoint));
  const ports = portLinks(links);
  const twice = doubles(links);
  return links.flatMap((link): Draft[] => {
    const { kind, name, alias } = link;
    if (kind === 'veth') {
      const isKnown = endpoints.has(alias);
      if (pairs.has(name) || (isKnown && ports.get(alias) === link)) return [];
      // Not pruned: its endpoint is there, and gets a link that is known to be ours.
      if (isKnown && twice.has(alias)) return [removingOf(link, 'another link has the id of its endpoint, too')];
      return [{ ...removingOf(link, 'its endpoint is gone'), prune: true }];
    }
    const isOnBridge = kind !== '' && link.master !== '';
    const isStray = (isOnBridge || kind === 'bridge' || kind === 'vxlan') && !names.has(name);
    return isStray ? [{ ...removingOf(link, 'not planned'), prune: true }] : [];
  });
}

const removingOf = ({ name: link }: ObservedLink, reason: string): Draft => ({ kind: 'removeLink', link, reason });

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
