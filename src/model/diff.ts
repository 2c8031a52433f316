/** The steps that turn what was found into what is planned, in the order they must run. Pure. */
import { filterSteps } from './antispoof.js';
import { portName, UNKNOWN_MAC } from './names.js';
import { quietPort, quietSteps } from './quiet.js';
import { remoteEntries, staticSteps } from './statics.js';
import type { BridgePlan, Draft, NamespacePlan, ObservedLink, ObservedNamespace, PortPlan, Step } from './steps.js';
import type { NamespaceName } from './types.js';

export function diff(
  name: NamespaceName,
  wanted: NamespacePlan | undefined,
  found: ObservedNamespace | undefined,
): readonly Step[] {
  const drafts =
    wanted === undefined
      ? found === undefined
        ? []
        : [
            {
              kind: 'removeNamespace' as const,
              reason: 'no endpoint of the network lives on this host',
              prune: true as const,
            },
          ]
      : namespaceSteps(wanted, found);
  return drafts.map((draft) => ({ ...draft, ns: name }) as Step);
}

function namespaceSteps(wanted: NamespacePlan, found: ObservedNamespace | undefined): readonly Draft[] {
  const seen: ObservedNamespace = found ?? nothing(wanted.name);
  const links = new Map(seen.links.map((link) => [link.name, link]));
  const remade = new Set(wanted.bridges.filter((b) => vxlanDiffers(b, links.get(b.vxlan))).map((b) => b.vxlan));
  const stray = strayLinks(wanted, seen.links);
  const ports = portsOf(wanted, seen.links);
  const local = ports.map(({ plan: { bridge, mac }, link }) => ({ bridge, link, mac }));
  const entries = [...remoteEntries(wanted), ...local];
  const masters = new Map([
    ...wanted.bridges.map((b) => [b.vxlan, b.name] as const),
    ...local.map((p) => [p.link, p.bridge] as const),
  ]);
  const leaving = seen.links.filter((l) => l.master !== masters.get(l.name)).map((l) => l.name);
  if (seen.learning) {
    // Only this: what else there is was not read, and comes with the next look. The MACs in use stay known throughout.
    const standing = entries.filter((e) => links.get(e.link)?.master === e.bridge);
    return [...staticSteps(standing, [], new Set()), ...quietSteps(seen.links)];
  }
  return [
    ...(found === undefined ? [{ kind: 'createNamespace' as const, reason: 'missing' }] : []),
    ...(seen.checksSources ? [] : [{ kind: 'checkSources' as const, reason: 'takes packets from any address' }]),
    ...(seen.unmounted ? [{ kind: 'mountNamespace' as const, reason: 'its file was unmounted' }] : []),
    ...stray.map(
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
    ...ports.flatMap((p) => p.steps),
    ...staticSteps(entries, seen.statics, new Set([...leaving, ...remade])),
    ...neighbourSteps(wanted, seen, remade),
    ...fdbSteps(wanted, seen, remade),
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
  const create: Draft = { kind: 'createBridge', link: plan.name, mtu: plan.mtu, alias: network, reason: 'missing' };
  if (link === undefined) return [create];
  if (link.kind !== 'bridge')
    return [{ kind: 'removeLink', link: plan.name, reason: `a ${link.kind || 'device'}, no bridge` }, create];
  return upkeep(link, plan.mtu, '');
}

const vxlanDiffers = (plan: BridgePlan, link: ObservedLink | undefined): string | undefined => {
  if (link === undefined) return 'missing';
  const vxlan = link.vxlan;
  if (vxlan === undefined) return `a ${link.kind || 'device'}, no vxlan`;
  if (vxlan.vni !== plan.vni) return `VNI ${vxlan.vni} instead of ${plan.vni}`;
  if (vxlan.port !== plan.port) return `port ${vxlan.port} instead of ${plan.port}`;
  if (vxlan.local !== undefined && vxlan.local !== plan.local)
    return `sends from ${vxlan.local} instead of ${plan.local}`;
  if (!vxlan.proxy) return 'flags differ';
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

/** A remade VXLAN device has lost its entries with the old one. */
function neighbourSteps(wanted: NamespacePlan, seen: ObservedNamespace, remade: ReadonlySet<string>): Draft[] {
  const plan = new Map(wanted.peers.map((p) => [`${p.vxlan} ${p.ip}`, p]));
  const have = new Map(seen.neighbours.filter((n) => !remade.has(n.link)).map((n) => [`${n.link} ${n.ip}`, n]));
  return [
    ...[...have]
      .filter(([key]) => !plan.has(key))
      .map(
        ([, n]): Draft => ({
          kind: 'removeNeighbour',
          link: n.link,
          ip: n.ip,
          mac: n.mac,
          reason: 'its endpoint is gone',
          prune: true,
        }),
      ),
    ...[...plan]
      .filter(([key, p]) => have.get(key)?.mac !== p.mac)
      .map(([key, p]): Draft => {
        const old = have.get(key);
        const reason = old === undefined ? 'missing' : `MAC is ${old.mac}`;
        return { kind: 'replaceNeighbour', link: p.vxlan, ip: p.ip, mac: p.mac, reason };
      }),
  ];
}

function fdbSteps(wanted: NamespacePlan, seen: ObservedNamespace, remade: ReadonlySet<string>): Draft[] {
  const entries = [...wanted.peers, ...wanted.floods.map((f) => ({ ...f, mac: UNKNOWN_MAC }))];
  const plan = new Map(entries.map((p) => [fdbKey(p.vxlan, p), p]));
  const have = new Map(seen.fdb.filter((f) => !remade.has(f.link)).map((f) => [fdbKey(f.link, f), f]));
  return [
    ...[...have]
      .filter(([key]) => !plan.has(key))
      .map(
        ([, f]): Draft => ({
          kind: 'removeFdb',
          link: f.link,
          mac: f.mac,
          vtep: f.vtep,
          reason: 'its endpoint is gone',
          prune: true,
        }),
      ),
    ...[...plan]
      .filter(([key, p]) => have.get(key)?.vtep !== p.vtep)
      .map(([key, p]): Draft => {
        const old = have.get(key);
        const reason = old === undefined ? 'missing' : `VTEP is ${old.vtep}`;
        return { kind: 'replaceFdb', link: p.vxlan, mac: p.mac, vtep: p.vtep, reason };
      }),
  ];
}

/** A MAC is behind one VTEP; what nobody knows is sent to all of them. */
const fdbKey = (link: string, { mac, vtep }: { readonly mac: string; readonly vtep: string }): string =>
  mac === UNKNOWN_MAC ? `${link} ${mac} ${vtep}` : `${link} ${mac}`;
