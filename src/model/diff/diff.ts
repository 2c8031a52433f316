/** The steps that turn what was found into what is planned, in the order they must run. Pure. */
import { filterSteps } from '../plan/antispoof.js';
import { quietPort, quietSteps } from '../plan/quiet.js';
import type {
  BridgePlan,
  Draft,
  NamespacePlan,
  ObservedLink,
  ObservedNamespace,
  PortPlan,
  Step,
} from '../plan/steps.js';
import { portName } from '../values/names.js';
import type { NamespaceName } from '../values/types.js';
import { remoteEntries, staticSteps } from './statics.js';
import { fdbSteps, neighbourSteps } from './tables.js';

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
  return parts.map((part) => () => part().map((draft) => ({ ...draft, ns: name }) as Step));
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
  ];
}

function linkSteps(wanted: NamespacePlan, seen: ObservedNamespace, isNew: boolean): readonly Draft[] {
  const links = new Map(seen.links.map((link) => [link.name, link]));
  return [
    ...(isNew ? [{ kind: 'createNamespace' as const, reason: 'missing' }] : []),
    ...(seen.checksSources ? [] : [{ kind: 'checkSources' as const, reason: 'takes packets from any address' }]),
    ...(seen.unmounted ? [{ kind: 'mountNamespace' as const, reason: 'its file was unmounted' }] : []),
    ...strayLinks(wanted, seen.links).map(
      (link): Draft => ({
        kind: 'removeLink',
        link: link.name,
        reason: link.kind === 'veth' ? 'its endpoint is gone' : 'not planned',
        prune: true,
      }),
    ),
    ...wanted.bridges.flatMap((b) => [
      ...bridgeSteps(b, wanted.network, links.get(b.name)),
      ...addressSteps(b, seen),
      ...vxlanSteps(b, links.get(b.vxlan)),
    ]),
    ...filterSteps(wanted.ports, seen),
  ];
}

/** The namespace is ours alone: a bridge, VXLAN device or veth that nobody planned has no business in it. */
function strayLinks(wanted: NamespacePlan, links: readonly ObservedLink[]): readonly ObservedLink[] {
  const names = new Set(wanted.bridges.flatMap((b) => [b.name, b.vxlan]));
  const endpoints = new Set<string>(wanted.ports.map((p) => p.endpoint));
  const stray = (link: ObservedLink): boolean =>
    link.kind === 'veth'
      ? !endpoints.has(link.alias)
      : ['bridge', 'vxlan'].includes(link.kind) && !names.has(link.name);
  return links.filter(stray);
}

const nothing = (name: NamespaceName): ObservedNamespace => ({
  name,
  links: [],
  addresses: [],
  neighbours: [],
  fdb: [],
  statics: [],
  checksSources: true,
  filters: [],
});

function bridgeSteps(plan: BridgePlan, network: string, link: ObservedLink | undefined): Draft[] {
  const { name, mtu, mac } = plan;
  const create: Draft = { kind: 'createBridge', link: name, mtu, mac, alias: network, reason: 'missing' };
  if (link === undefined) return [create];
  if (link.kind !== 'bridge')
    return [{ kind: 'removeLink', link: plan.name, reason: `a ${link.kind || 'device'}, no bridge` }, create];
  const other: Draft = { kind: 'setMac', link: name, mac, reason: `MAC is ${link.mac}` };
  return [...upkeep(link, mtu, ''), ...(link.mac === mac ? [] : [other])];
}

const vxlanDiffers = (plan: BridgePlan, link: ObservedLink | undefined): string | undefined => {
  if (link === undefined) return 'missing';
  const vxlan = link.vxlan;
  if (vxlan === undefined) return `a ${link.kind || 'device'}, no vxlan`;
  if (vxlan.vni !== plan.vni) return `VNI ${vxlan.vni} instead of ${plan.vni}`;
  if (vxlan.port !== plan.port) return `port ${vxlan.port} instead of ${plan.port}`;
  if (vxlan.local !== undefined && vxlan.local !== plan.local)
    return `sends from ${vxlan.local} instead of ${plan.local}`;
  if (vxlan.proxy !== (plan.flooding === undefined)) return 'flags differ';
  return undefined;
};

function vxlanSteps(plan: BridgePlan, link: ObservedLink | undefined): Draft[] {
  const reason = vxlanDiffers(plan, link);
  if (reason === undefined && link !== undefined) return upkeep(link, plan.mtu, plan.name);
  const why = reason ?? 'missing';
  return [
    ...(link === undefined ? [] : [{ kind: 'removeLink' as const, link: plan.vxlan, reason: why }]),
    {
      ...{ kind: 'createVxlan', link: plan.vxlan, vni: plan.vni, mtu: plan.mtu, master: plan.name },
      ...{ local: plan.local, port: plan.port, reason: why },
      ...(plan.flooding === undefined ? {} : { flooding: plan.flooding }),
    },
  ];
}

/** MTU, master and administrative state of a link that exists already; `master` empty means "leave it". */
function upkeep(link: ObservedLink, mtu: number, master: string): Draft[] {
  const steps: Draft[] = [];
  if (master !== '' && link.master !== master)
    steps.push(
      { kind: 'setMaster', link: link.name, master, reason: `master is ${link.master || 'none'}` },
      quietPort(link, `new on ${master}`),
    );
  else steps.push(...quietSteps([link]));
  if (link.mtu !== mtu) steps.push({ kind: 'setMtu', link: link.name, mtu, reason: `MTU is ${link.mtu}` });
  if (!link.up) steps.push({ kind: 'setUp', link: link.name, reason: 'down' });
  return steps;
}

function addressSteps(plan: BridgePlan, seen: ObservedNamespace): Draft[] {
  const have = seen.addresses.filter((a) => a.link === plan.name).map((a) => a.address);
  return [
    ...have
      .filter((address) => !plan.addresses.includes(address))
      .map(
        (address): Draft => ({ kind: 'removeAddress', link: plan.name, address, reason: 'not planned', prune: true }),
      ),
    ...plan.addresses
      .filter((address) => !have.includes(address))
      .map((address): Draft => ({ kind: 'addAddress', link: plan.name, address, reason: 'missing' })),
  ];
}

/** The ports that there are or will be, by their links, and what makes them so. */
function portsOf(wanted: NamespacePlan, links: readonly ObservedLink[]) {
  const byEndpoint = new Map(links.filter((l) => l.kind === 'veth').map((l) => [l.alias, l]));
  const used = new Set(links.map((l) => l.name));
  const create = (port: PortPlan): Draft & { readonly link: string } => {
    const link = lowestFreePort(used);
    used.add(link);
    const { containerEnd, mtu, bridge: master, endpoint: alias, end, sender } = port;
    const more = { ...(typeof end === 'object' && { card: end }), ...(sender && { sender }) };
    return { kind: 'createPort', link, containerEnd, mtu, master, alias, reason: 'missing', ...more };
  };
  return wanted.ports.flatMap((plan) => {
    const link = byEndpoint.get(plan.endpoint);
    if (link !== undefined) return [{ plan, link: link.name, steps: upkeep(link, plan.mtu, plan.bridge) }];
    if (plan.end === 'nobody') return [];
    const step = create(plan);
    return [{ plan, link: step.link, steps: [step] }];
  });
}

function lowestFreePort(used: ReadonlySet<string>): string {
  let n = 0;
  while (used.has(portName(n))) n++;
  return portName(n);
}
