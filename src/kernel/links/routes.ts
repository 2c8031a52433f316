/** Routes: `ip route`. */
import { FlagsNew } from 'netlink/dist/constants.js';
import { getU16, getU32, putU32 } from 'netlink/dist/structs.js';
import { isKernelError } from '../../errors.js';
import type { Route } from '../../model/plan/namespace-plan.js';
import { networkOf, parseCidr } from '../../model/values/address.js';
import type { Cidr, Ip } from '../../model/values/types.js';
import { ipBytes, message, readAttributes, readIp } from '../netlink/attributes.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import {
  AF,
  OCCUPYING_ROUTES,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RTA,
  RTM,
  RTN_UNICAST,
  RTPROT_BOOT,
  RTPROT_KERNEL,
} from '../netlink/uapi.js';
import type { KernelAddress } from './addresses.js';
import type { EntryChange } from './entry-change.js';

const RTNEXTHOP_BYTES = 8;

/** The destination of one rtmsg; undefined for default routes, local ones, and those of other tables. */
export function readDestination(payload: Buffer): Cidr | undefined {
  const [prefix = 0, shortTable = 0, type = 0] = [payload[1], payload[4], payload[7]];
  const attributes = readAttributes(payload.subarray(12));
  const longTable = attributes.get(RTA.TABLE);
  const dst = attributes.get(RTA.DST);
  if ((longTable === undefined ? shortTable : getU32(longTable)) !== RT_TABLE_MAIN) return undefined;
  if (prefix === 0 || dst === undefined || !OCCUPYING_ROUTES.includes(type)) return undefined;
  return networkOf(`${readIp(dst)}/${prefix}`);
}

/** The links that one rtmsg's default route leaves by, of the main table; none for any other route. */
export function readDefaultLinks(payload: Buffer): readonly number[] {
  const [prefix = 0, table = 0, type = 0] = [payload[1], payload[4], payload[7]];
  if (prefix !== 0 || table !== RT_TABLE_MAIN || type !== RTN_UNICAST) return [];
  const attributes = readAttributes(payload.subarray(12));
  const link = attributes.get(RTA.OIF);
  if (link !== undefined) return [getU32(link)];
  const links: number[] = [];
  // struct rtnexthop: its length, flags and weight, the link, attributes; padded to four bytes.
  let rest = attributes.get(RTA.MULTIPATH) ?? Buffer.alloc(0);
  while (rest.length >= RTNEXTHOP_BYTES) {
    links.push(getU32(rest.subarray(4, 8)));
    rest = rest.subarray(Math.max(RTNEXTHOP_BYTES, (getU16(rest.subarray(0, 2)) + 3) & ~3));
  }
  return links;
}

/** `ip route show default`: indexes of the links that it leaves by, by both families. */
export async function uplinks(socket: Rtnetlink): Promise<readonly number[]> {
  return (await socket.dump('ip route show default', RTM.GETROUTE, Buffer.alloc(12), readDefaultLinks)).flat();
}

/** `ip route add <to> via <via>`; one that is there already stays. Throws ENETUNREACH without a way to `via`. */
export async function ensureRoute(socket: Rtnetlink, route: Route): Promise<void> {
  const verb = `ip route add ${route.to} via ${route.via}`;
  try {
    await socket.request(verb, RTM.NEWROUTE, FlagsNew.CREATE | FlagsNew.EXCL, formatRoute(route));
  } catch (e) {
    if (!isKernelError(e, 'EEXIST')) throw e;
  }
}

/** An rtmsg with its attributes. */
function formatRoute({ to, via }: Route): Buffer {
  const { address, prefix, family } = parseCidr(to);
  const kind = [
    family === 4 ? AF.INET : AF.INET6,
    prefix,
    0,
    0,
    RT_TABLE_MAIN,
    RTPROT_BOOT,
    RT_SCOPE_UNIVERSE,
    RTN_UNICAST,
  ];
  return message(Buffer.concat([Buffer.from(kind), putU32(0)]), [
    [RTA.DST, ipBytes(address)],
    [RTA.GATEWAY, ipBytes(via)],
  ]);
}

/** `ip route replace <to> via <via>`. Throws ENETUNREACH without a way to `via`. */
export const replaceRoute = (socket: Rtnetlink, route: Route): Promise<void> =>
  socket.request(
    `ip route replace ${route.to} via ${route.via}`,
    RTM.NEWROUTE,
    FlagsNew.CREATE | FlagsNew.REPLACE,
    formatRoute(route),
  );
/** Where a packet goes that leaves here. */
export interface Way {
  /** Index of the link that it leaves by. */
  readonly link: number;
  /** The next router; absent where the destination is on the link. */
  readonly via?: Ip;
}

/** `ip route get <ip>`; undefined without a route, or with one that forbids it. */
export async function wayTo(socket: Rtnetlink, ip: Ip): Promise<Way | undefined> {
  const bytes = ipBytes(ip);
  const header = Buffer.alloc(12);
  header.writeUInt8(bytes.length === 4 ? AF.INET : AF.INET6, 0);
  header.writeUInt8(8 * bytes.length, 1);
  try {
    return await socket.get(`ip route get ${ip}`, RTM.GETROUTE, message(header, [[RTA.DST, bytes]]), readWay);
  } catch (e) {
    if (isKernelError(e, 'ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EINVAL', 'ENOMSG')) return undefined;
    throw e;
  }
}

function readWay(payload: Buffer): Way | undefined {
  const attributes = readAttributes(payload.subarray(12));
  const [link, via] = [attributes.get(RTA.OIF), attributes.get(RTA.GATEWAY)];
  return link && { link: getU32(link), ...(via === undefined ? {} : { via: readIp(via) }) };
}

/** Ranges that every host has, or that nobody would take a pool from: loopback, link-local, multicast. */
const isEverywhere = (cidr: Cidr): boolean => /^(127\.|169\.254\.|2(2[4-9]|3\d)\.|::1\/|fe[89ab]|ff)/.test(cidr);

/** `ip -4 route show table main` and `ip -6 route …`, with the networks of `addresses`; sorted, each once. */
export async function occupiedNetworks(
  socket: Rtnetlink,
  addresses: readonly KernelAddress[],
): Promise<readonly Cidr[]> {
  const routes = await socket.dump('ip route show', RTM.GETROUTE, Buffer.alloc(12), readDestination);
  const onLink = addresses.map((a) => networkOf(a.address));
  return [...new Set([...routes, ...onLink])].filter((cidr) => !isEverywhere(cidr)).sort();
}

/** Of a route to a single address on a link: an rtmsg with its attributes. */
function formatLinkRoute(link: number, ip: string): Buffer {
  const bytes = ipBytes(ip);
  const [family, scope] = bytes.length === 4 ? [AF.INET, RT_SCOPE_LINK] : [AF.INET6, RT_SCOPE_UNIVERSE];
  const head = [family, 8 * bytes.length, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, scope, RTN_UNICAST];
  return message(Buffer.concat([Buffer.from(head), putU32(0)]), [
    [RTA.DST, bytes],
    [RTA.OIF, putU32(link)],
  ]);
}

/** `ip route replace <ip> dev <link>`. ENODEV without the link, ENETDOWN while it is down. */
export const replacingRoute = (link: string, ip: string): EntryChange => ({
  verb: `ip route replace ${ip} dev ${link}`,
  link,
  type: RTM.NEWROUTE,
  flags: FlagsNew.CREATE | FlagsNew.REPLACE,
  payload: (index) => formatLinkRoute(index, ip),
  fine: [],
});

/** `ip route delete <ip> dev <link>`; success when it is gone. */
export const removingRoute = (link: string, ip: string): EntryChange => ({
  verb: `ip route delete ${ip} dev ${link}`,
  link,
  type: RTM.DELROUTE,
  flags: 0,
  payload: (index) => formatLinkRoute(index, ip),
  fine: ['ESRCH', 'ENODEV'],
});

/** `ip route show table main dev <link>`, of single addresses. */
export async function listPeerRoutes(socket: Rtnetlink, link: number): Promise<readonly Ip[]> {
  return socket.dump('ip route show', RTM.GETROUTE, Buffer.alloc(12), (payload) => {
    const [prefix, table, protocol, type] = [payload[1], payload[4], payload[5], payload[7]];
    const attributes = readAttributes(payload.subarray(12));
    const [dst, oif] = [attributes.get(RTA.DST), attributes.get(RTA.OIF)];
    // The kernel makes one to an IPv6 address of the link's own.
    if (table !== RT_TABLE_MAIN || protocol === RTPROT_KERNEL || type !== RTN_UNICAST) return undefined;
    if (dst === undefined || oif === undefined) return undefined;
    return prefix === 8 * dst.length && getU32(oif) === link ? readIp(dst) : undefined;
  });
}

/** `ip route get <ip>`: index of the link that it would leave by; undefined without a way. */
export async function linkTowards(socket: Rtnetlink, ip: string): Promise<number | undefined> {
  const bytes = ipBytes(ip);
  const head = Buffer.alloc(12);
  head[0] = bytes.length === 4 ? AF.INET : AF.INET6;
  head[1] = 8 * bytes.length;
  try {
    return await socket.get(`ip route get ${ip}`, RTM.GETROUTE, message(head, [[RTA.DST, bytes]]), (payload) => {
      const link = readAttributes(payload.subarray(12)).get(RTA.OIF);
      return link && getU32(link);
    });
  } catch (e) {
    if (isKernelError(e, 'ENETUNREACH', 'EHOSTUNREACH')) return undefined;
    throw e;
  }
}
