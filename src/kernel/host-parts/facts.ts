/** What the host's namespace looks like to whoever publishes it. */
import type { HostFacts } from '../../model/ports/kernel-port.js';
import { networkOf } from '../../model/values/address.js';
import { GWBRIDGE } from '../../model/values/names.js';
import { MTU_RANGE } from '../../model/values/shapes.js';
import { listAddresses } from '../links/addresses.js';
import { findLink, type KernelLink } from '../links/links.js';
import { occupiedNetworks, uplinks } from '../links/routes.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { kernelError } from '../system/errno.js';

/** What any link carries. */
const ETHERNET_MTU = 1500;

/** `advertise`: the node's address. Rejects with ENODEV when no interface has it. */
export async function readHostFacts(host: Rtnetlink, advertise: string): Promise<HostFacts> {
  const addresses = await listAddresses(host);
  const own = addresses.find((a) => a.address.startsWith(`${advertise}/`));
  const underlay = own === undefined ? undefined : await findLink(host, own.link);
  if (underlay === undefined) throw kernelError(`ip address show to ${advertise}`, 'ENODEV');
  const gwbridge = await findLink(host, GWBRIDGE);
  const isThere = gwbridge?.kind === 'bridge';
  const routes = await occupiedNetworks(host, addresses);
  const onGwbridge = isThere ? addresses.filter((a) => a.link === gwbridge.index).map((a) => networkOf(a.address)) : [];
  return {
    hasGwbridge: isThere,
    // Without its link-local one, which is everywhere.
    gwbridgeNetworks: onGwbridge.filter((cidr) => routes.includes(cidr)),
    routes,
    underlayMtu: await mtuOf(host, underlay),
  };
}

/** A host that routes has its address on lo, of no use as a measure: the narrowest of its ways out is meant. */
async function mtuOf(host: Rtnetlink, link: KernelLink): Promise<number> {
  if (link.mtu <= MTU_RANGE.max) return link.mtu;
  const found = await Promise.all((await uplinks(host)).map((index) => findLink(host, index)));
  const mtus = found.flatMap((l) => (l === undefined ? [] : [l.mtu]));
  return Math.min(...(mtus.length === 0 ? [ETHERNET_MTU] : mtus), MTU_RANGE.max);
}
