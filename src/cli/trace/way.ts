/** The links of the way in their order. Pure. */
import { staticRoutes } from '../../model/plan/ports.js';
import { contains, networkOf } from '../../model/values/address.js';
import { hostOf, nameOf } from '../reading/containers.js';
import { cardLink, peerLinks, portLink, routeLink } from './here.js';
import { type Link, link } from './link.js';
import type { Look, Scene } from './scene.js';

export function linksOf(scene: Scene): readonly Link[] {
  const { from, to, ip, network, plan, inside, space, self } = scene;
  const card = 'seen' in inside ? inside.seen : undefined;
  const seen = 'seen' in space ? space.seen : undefined;
  const why = whyOf(inside);
  const port = plan?.ports.find(({ endpoint }) => endpoint === from.id);
  const isRemote = to.node !== self;
  const isOnLink = from.addresses.some((a) => contains(networkOf(a), ip));
  const gateway = isOnLink ? undefined : staticRoutes(network, from.addresses).find((r) => contains(r.to, ip))?.via;
  return [
    ...nameLink(scene),
    addressLink(scene),
    cardLink(from, network.announced?.name ?? network.id, card, why),
    routeLink(from, ip, gateway, card, why),
    portLink('port', port, seen),
    ...(isRemote && plan !== undefined
      ? peerLinks(
          plan,
          plan.peers.find((p) => p.ip === ip),
          to,
          seen,
        )
      : []),
    ...(isRemote
      ? [vtepLink(scene), ...guardLink(scene)]
      : [
          portLink(
            'peer',
            plan?.ports.find((p) => p.endpoint === to.id),
            seen,
          ),
        ]),
  ];
}

const whyOf = (look: Look<unknown>): string => ('why' in look ? look.why : '');

type Named = Pick<Scene, 'name' | 'heard' | 'to' | 'ip' | 'reading' | 'from'>;

export function nameLink({ name, heard, to, ip, reading, from }: Named): readonly Link[] {
  if (name === undefined) return [];
  const planned = `${name} is ${ip}`;
  const store = `${nameOf(to)} on ${hostOf(reading.value, to)}`;
  if (heard === undefined) return [link('name', { planned, kernel: 'its resolver cannot be asked', store, ok: true })];
  const { answers, outcome } = heard;
  const kernel = answers.length > 0 ? `127.0.0.11 says ${answers.join(' ')}` : `127.0.0.11 says ${outcome}`;
  const cure = `tsoverlay dns ${name} --from ${nameOf(from)} says who answers, and why`;
  return [link('name', { planned, kernel, store, ok: answers.includes(ip), cure })];
}

function addressLink({ reading, network, to, ip, cluster }: Scene): Link {
  const planned = `${ip} is ${nameOf(to)}'s alone`;
  const counts = cluster.endpoints.get(network.id)?.has(to.id) === true;
  const cure = 'tsoverlay ipam check names who has it, and what to do';
  if (reading.from === 'copy')
    return link('address', { planned, store: 'not known without the store', ok: counts, cure });
  const lease = reading.value.leases.find((l) => l.address === ip && network.subnets.some((s) => s.pool === l.pool));
  const store =
    lease === undefined ? 'nobody leased it' : lease.endpoint === to.id ? 'leased to it' : 'leased to another endpoint';
  const words = counts ? store : `${store}; another endpoint has it, and this one does not count`;
  return link('address', { planned, store: words, ok: counts && lease?.endpoint === to.id, cure });
}

function vtepLink({ reading, to, way }: Scene): Link {
  const node = reading.value.nodes.find(({ id }) => id === to.node);
  if (node === undefined) {
    const cure = `its host is no node of the cluster: start tsoverlay there; if it never returns: tsoverlay node forget ${to.node}`;
    return link('vtep', { planned: 'a host of the cluster', store: `no record of host ${to.node}`, ok: false, cure });
  }
  const seen = way !== undefined && 'seen' in way ? way.seen.way : undefined;
  const kernel =
    seen === undefined ? 'no route to it' : `by ${seen.link}${seen.via === undefined ? '' : ` via ${seen.via}`}`;
  const away = `docker ps and tsoverlay status on ${node.hostname}; if it never returns: tsoverlay node forget ${node.address}`;
  return link('vtep', {
    planned: `${node.address}, ${node.hostname}`,
    kernel,
    store: node.alive ? 'alive' : 'away',
    ok: node.alive && seen !== undefined,
    cure: seen === undefined ? `give this host a route to ${node.address} (ip route)` : away,
  });
}

/** Whether what the other host answers is let in here. */
function guardLink({ reading, to, guard, network }: Scene): readonly Link[] {
  const node = reading.value.nodes.find(({ id }) => id === to.node);
  if (guard === undefined || node === undefined) return [];
  const planned = `VXLAN from ${node.address} is let in`;
  const cure = 'a restart of tsoverlay makes its guard anew; tsoverlay status says what it waits for';
  if ('why' in guard) return [link('guard', { planned, kernel: guard.why, ok: false, cure })];
  const isIn = guard.seen.nodes.has(node.address);
  const isGuarded = network.subnets.every(({ vni }) => guard.seen.vnis.has(vni));
  const kernel = !isIn
    ? 'dropped: it is not among the nodes'
    : isGuarded
      ? 'let in'
      : "let in, but the network's id is not guarded";
  return [link('guard', { planned, kernel, ok: isIn && isGuarded, cure })];
}
