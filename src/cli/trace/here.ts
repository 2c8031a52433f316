/** The links that are on this host: card, route, veth pair, neighbour, FDB. Pure. */
import type { Inside } from '../../kernel/networks/card.js';
import type { NamespacePlan, PeerPlan, PortPlan } from '../../model/plan/namespace-plan.js';
import type { ObservedNamespace } from '../../model/plan/observed.js';
import type { Endpoint, Ip } from '../../model/values/types.js';
import { type Link, link, OURS_TO_MEND } from './link.js';

/** What an attached container had and has no more, the engine gives it anew. */
const reattach = (network: string, container: string): string =>
  `docker network disconnect -f ${network} ${container}; docker network connect ${network} ${container}`;

/** `inside`: undefined where the container's namespace cannot be looked into, for `why`. */
export function cardLink(own: Endpoint, network: string, inside: Inside | undefined, why: string): Link {
  const planned = `${own.mac} up with ${own.addresses.join(' ')}`;
  const card = inside?.cards.find(({ mac }) => mac === own.mac);
  const missing = card === undefined ? [] : own.addresses.filter((a) => !card.addresses.includes(a));
  const kernel =
    inside === undefined
      ? why
      : card === undefined
        ? 'no card with that MAC'
        : `${card.name} ${card.up ? 'up' : 'down'} with ${card.addresses.join(' ') || 'no address'}`;
  const ok = card?.up === true && missing.length === 0;
  const container = own.names[0] ?? own.container;
  const isDown = card !== undefined && !card.up && missing.length === 0;
  const cure = isDown
    ? `ip link set ${card.name} up, in the container; who took it down?`
    : reattach(network, container);
  return link('card', { planned, kernel, ok, cure });
}

export function routeLink(
  own: Endpoint,
  to: Ip,
  gateway: Ip | undefined,
  inside: Inside | undefined,
  why: string,
): Link {
  const card = inside?.cards.find(({ mac }) => mac === own.mac);
  const planned = gateway === undefined ? `${to} on the card` : `${to} by ${gateway} on the card`;
  const { way } = inside ?? {};
  const kernel =
    inside === undefined
      ? why
      : way === undefined
        ? 'no route'
        : `by ${way.link}${way.via === undefined ? '' : ` via ${way.via}`}`;
  const ok = way !== undefined && way.link === card?.name && way.via === gateway;
  const cure =
    'another network of the container, or a route made in it, goes before: compare with ip route in the container';
  return link('route', { planned, kernel, ok, cure });
}

/** An endpoint's veth pair with its place on the bridge. */
export function portLink(name: 'port' | 'peer', port: PortPlan | undefined, seen: ObservedNamespace | undefined): Link {
  if (port === undefined)
    return link(name, {
      planned: 'none: this host does not count this endpoint as its own',
      ok: false,
      cure: OURS_TO_MEND,
    });
  const planned = `up on ${port.bridge}, MTU ${port.mtu}`;
  const found = seen?.links.find(({ alias, kind }) => kind === 'veth' && alias === port.endpoint);
  const kernel =
    seen === undefined
      ? "the network's namespace is not there"
      : found === undefined
        ? 'no veth pair'
        : `${found.name} ${found.up ? 'up' : 'down'} on ${found.master || 'no bridge'}, MTU ${found.mtu}`;
  const ok = found?.up === true && found.master === port.bridge && found.mtu === port.mtu;
  return link(name, { planned, kernel, ok, cure: OURS_TO_MEND });
}

/** Of an endpoint on another host. */
export function peerLinks(
  plan: NamespacePlan,
  peer: PeerPlan | undefined,
  to: Endpoint,
  seen: ObservedNamespace | undefined,
): readonly Link[] {
  if (peer === undefined) {
    const planned = `none: ${to.names[0] ?? to.id} does not count here`;
    const cure =
      'its host is no node of the cluster, or cannot encrypt while the network is encrypted (tsoverlay status), or another endpoint has its address or MAC: tsoverlay ipam check';
    return [link('neighbour', { planned, ok: false, cure })];
  }
  const { vxlan, ip, mac, vtep } = peer;
  const neighbours = seen?.neighbours.filter((n) => n.link === vxlan && n.ip === ip) ?? [];
  const entries = seen?.fdb.filter((f) => f.link === vxlan && f.mac === mac) ?? [];
  const isOnBridge = seen?.statics.some((s) => s.link === vxlan && s.mac === mac) ?? false;
  const device = seen?.links.find(({ name }) => name === vxlan);
  const bridge = plan.bridges.find((b) => b.vxlan === vxlan);
  const isRightDevice = device?.up === true && device.vxlan?.vni === bridge?.vni && device.master === bridge?.name;
  return [
    link('neighbour', {
      planned: `${ip} is ${mac} on ${vxlan}`,
      kernel: neighbours.map((n) => n.mac).join(' ') || 'no entry',
      ok: neighbours.length > 0 && neighbours.every((n) => n.mac === mac),
      cure: OURS_TO_MEND,
    }),
    link('fdb', {
      planned: `${mac} at ${vtep}, VXLAN ${bridge?.vni}`,
      kernel: fdbWords(
        entries.map((e) => e.vtep),
        isOnBridge,
        isRightDevice,
        vxlan,
      ),
      ok: entries.length === 1 && entries[0]?.vtep === vtep && isOnBridge && isRightDevice,
      cure: OURS_TO_MEND,
    }),
  ];
}

function fdbWords(vteps: readonly string[], isOnBridge: boolean, isRightDevice: boolean, vxlan: string): string {
  const at = vteps.length === 0 ? 'no entry' : `at ${vteps.join(' ')}`;
  return `${at}${isOnBridge ? '' : `, not on the bridge's port ${vxlan}`}${isRightDevice ? '' : `, and ${vxlan} is not as planned`}`;
}
