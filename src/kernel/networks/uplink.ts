/** A network's way out: one end of a veth pair in its namespace, the other one a port of docker_gwbridge. */
import { putU8 } from 'netlink/dist/structs.js';
import type { UplinkPlan } from '../../model/plan/namespace-plan.js';
import type { ObservedUplink } from '../../model/plan/observed.js';
import { ANYWHERE } from '../../model/plan/ports.js';
import { GWBRIDGE } from '../../model/values/names.js';
import type { Ip } from '../../model/values/types.js';
import { ensureAddress } from '../links/addresses.js';
import { addLink, changeLink, findLink, linkIndex, removeLink, setLink } from '../links/links.js';
import { replaceRoute } from '../links/routes.js';
import { vethData } from '../links/veth.js';
import { readAttributes, readIp } from '../netlink/attributes.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { AF, IFLA_BRPORT, RT_TABLE_MAIN, RTA, RTM, RTN_UNICAST } from '../netlink/uapi.js';
import type { HeldNamespace } from '../system/held-namespace.js';

/** Tells it from ports, whose alias is an endpoint's id. */
const ALIAS = 'uplink';

/** What is made by one call, so that half of it is made whole by the next one. */
export interface UplinkPlace {
  readonly host: Rtnetlink;
  /** The host's namespace. */
  readonly home: HeldNamespace;
  readonly inside: Rtnetlink;
}

/**
 * `ip link add <link> type veth peer name <hostEnd> netns <host>`, `ip link set <hostEnd> master docker_gwbridge`,
 * `ip address add <address> dev <link>`, `ip route replace default via <via>`. Throws ENODEV while there is no
 * docker_gwbridge.
 */
export async function ensureUplink({ host, home, inside }: UplinkPlace, wish: UplinkPlan): Promise<void> {
  const { link, hostEnd, mtu, address, via } = wish;
  const master = await linkIndex(host, GWBRIDGE, `ip link set ${hostEnd} master ${GWBRIDGE}`);
  const [own, other] = [await findLink(inside, link), await findLink(host, hostEnd)];
  if (own === undefined || other === undefined) {
    await removeLink(inside, link);
    await removeLink(host, hostEnd);
    await home.lend((namespace) =>
      addLink(inside, { name: link, mtu, kind: 'veth', data: vethData({ name: hostEnd, namespace }, mtu) }),
    );
  }
  await setLink(host, hostEnd, { master, mtu });
  // Networks of one host are no neighbours of each other: what one sends for another one goes through the host, or nowhere.
  await changeLink(host, hostEnd, { portKind: 'bridge', portData: [[IFLA_BRPORT.ISOLATED, putU8(1)]] });
  await setLink(host, hostEnd, { up: true });
  await setLink(inside, link, { mtu, alias: ALIAS, up: true });
  await ensureAddress(inside, link, address);
  await replaceRoute(inside, { to: ANYWHERE, via });
}

/** `ip route show default`, and where the other end is. */
export async function observeUplink(
  host: Rtnetlink,
  inside: Rtnetlink,
  hostEnd: string,
): Promise<Pick<ObservedUplink, 'via' | 'isPlugged'>> {
  const [bridge, other] = [await findLink(host, GWBRIDGE), await findLink(host, hostEnd)];
  const isPlugged = bridge !== undefined && other?.up === true && other.master === bridge.index;
  const [via] = await inside.dump('ip -4 route show default', RTM.GETROUTE, Buffer.alloc(12), readDefaultVia);
  return { isPlugged, ...(via !== undefined && { via }) };
}

/** The next hop of a default route of the main table; undefined for all others. */
export function readDefaultVia(payload: Buffer): Ip | undefined {
  const [family = 0, prefix = 0, table = 0, type = 0] = [payload[0], payload[1], payload[4], payload[7]];
  if (family !== AF.INET || prefix !== 0 || table !== RT_TABLE_MAIN || type !== RTN_UNICAST) return undefined;
  const via = readAttributes(payload.subarray(12)).get(RTA.GATEWAY);
  return via === undefined ? undefined : readIp(via);
}
