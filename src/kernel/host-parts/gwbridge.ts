/** docker_gwbridge in the host's namespace. */
import type { Gwbridge, ObservedGwbridge } from '../../model/host/gwbridge.js';
import { GWBRIDGE } from '../../model/values/names.js';
import type { Cidr } from '../../model/values/types.js';
import { ensureAddress, listAddresses } from '../links/addresses.js';
import { addLink, linkIndex, listLinks, setLink } from '../links/links.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import type { HeldNamespace } from '../system/held-namespace.js';
import { changeSettings } from '../system/settings.js';
import type { Setting } from '../system/sysctl.js';

/** `ip link show`, and of the bridge its addresses. */
export async function observeGwbridge(host: Rtnetlink): Promise<ObservedGwbridge> {
  // Before the links: one that goes meanwhile is then gone, and not remembered as one without addresses.
  const addresses = await listAddresses(host);
  const links = await listLinks(host);
  const loose = new Set(links.filter((l) => l.master === 0).map((l) => l.index));
  const link = links.find((l) => l.name === GWBRIDGE && l.kind === 'bridge');
  if (link === undefined) return { loose };
  const { index, mac, mtu, up } = link;
  const own = addresses.filter((a) => a.link === index).map((a) => a.address);
  const ports = links.filter((l) => l.master === index).map((l) => l.index);
  return { bridge: { mac, mtu, up, addresses: own, ports }, loose };
}

/** No container is the host's router. The kernel would believe one where the host forwards no IPv6 (CVE-2020-13401). */
const NO_ROUTERS: Setting = { name: `net/ipv6/conf/${GWBRIDGE}/accept_ra`, value: 0, ifThere: true };

/**
 * `ip link add docker_gwbridge address <mac> type bridge`, `sysctl -w net.ipv6.conf.docker_gwbridge.accept_ra=0` as the
 * engine does, and then up. EEXIST when there is something of that name.
 */
export async function createGwbridge(
  { host, home }: { readonly host: Rtnetlink; readonly home: HeldNamespace },
  { mac, mtu }: Pick<Gwbridge, 'mac' | 'mtu'>,
): Promise<void> {
  await addLink(host, { name: GWBRIDGE, kind: 'bridge', mac });
  await changeSettings(home, [NO_ROUTERS]);
  await fitGwbridge(host, mtu);
}

/** `ip link set docker_gwbridge mtu <mtu> up` */
export const fitGwbridge = (host: Rtnetlink, mtu: number): Promise<void> => setLink(host, GWBRIDGE, { mtu, up: true });

/** `ip address replace <address> dev docker_gwbridge` */
export const addGwbridgeAddress = (host: Rtnetlink, address: Cidr): Promise<void> =>
  ensureAddress(host, GWBRIDGE, address);

/** `ip link set <port> master docker_gwbridge`; `port`: an index. */
export async function enslaveToGwbridge(host: Rtnetlink, port: number): Promise<void> {
  const master = await linkIndex(host, GWBRIDGE, `ip link set ${port} master ${GWBRIDGE}`);
  await setLink(host, port, { master });
}
