/** What makes a bridge and its VXLAN device as planned. Pure. */
import type { BridgePlan } from '../plan/namespace-plan.js';
import type { ObservedLink, ObservedNamespace } from '../plan/observed.js';
import { quietPort, quietSteps } from '../plan/quiet.js';
import type { Draft } from '../plan/steps.js';

export function bridgeSteps(plan: BridgePlan, network: string, link: ObservedLink | undefined): Draft[] {
  const { name, mtu, mac } = plan;
  const create: Draft = { kind: 'createBridge', link: name, mtu, mac, alias: network, reason: 'missing' };
  if (link === undefined) return [create];
  if (link.kind !== 'bridge')
    return [{ kind: 'removeLink', link: plan.name, reason: `a ${link.kind || 'device'}, no bridge` }, create];
  const other: Draft = { kind: 'setMac', link: name, mac, reason: `MAC is ${link.mac}` };
  return [...upkeep(link, mtu, ''), ...(link.mac === mac ? [] : [other])];
}

export const vxlanDiffers = (plan: BridgePlan, link: ObservedLink | undefined): string | undefined => {
  if (link === undefined) return 'missing';
  const vxlan = link.vxlan;
  if (vxlan === undefined) return `a ${link.kind || 'device'}, no vxlan`;
  if (vxlan.vni !== plan.vni) return `VNI ${vxlan.vni} instead of ${plan.vni}`;
  if (vxlan.port !== plan.port) return `port ${vxlan.port} instead of ${plan.port}`;
  const isMeshed = vxlan.meshed ?? false;
  if (isMeshed !== (plan.local === undefined))
    return isMeshed ? 'its socket is in the mesh that encrypts' : 'its socket is not in the mesh that encrypts';
  if (vxlan.local !== undefined && vxlan.local !== plan.local)
    return `sends from ${vxlan.local} instead of ${plan.local}`;
  if (vxlan.proxy !== (plan.flooding === undefined)) return 'flags differ';
  return undefined;
};

export function vxlanSteps(plan: BridgePlan, link: ObservedLink | undefined): Draft[] {
  const reason = vxlanDiffers(plan, link);
  if (reason === undefined && link !== undefined)
    return [...fenceSteps(plan, link), ...upkeep(link, plan.mtu, plan.name)];
  const why = reason ?? 'missing';
  return [
    ...(link === undefined ? [] : [{ kind: 'removeLink' as const, link: plan.vxlan, reason: why }]),
    {
      ...{ kind: 'createVxlan', link: plan.vxlan, vni: plan.vni, mtu: plan.mtu, master: plan.name },
      ...{ port: plan.port, reason: why },
      ...(plan.local === undefined ? {} : { local: plan.local }),
      ...(plan.flooding === undefined ? {} : { flooding: plan.flooding }),
    },
  ];
}

/** Before the device is up: it may be down because its fence could not be made. */
function fenceSteps({ flooding }: BridgePlan, { name, vxlan }: ObservedLink): Draft[] {
  if (flooding === undefined) return [];
  const { gateways } = flooding;
  const fence = vxlan?.fence;
  if (fence?.join() === gateways.join()) return [];
  const reason = fence === undefined ? 'its rules are missing or differ' : `it keeps in ${fence.join(' ') || 'nobody'}`;
  return [{ kind: 'replaceFence', link: name, gateways, reason }];
}

export function addressSteps(plan: BridgePlan, seen: ObservedNamespace): Draft[] {
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

/** MTU, master and administrative state of a link that exists already; `master` empty means "leave it". */
export function upkeep(link: ObservedLink, mtu: number, master: string): Draft[] {
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
