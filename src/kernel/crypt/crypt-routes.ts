/** Ways to the addresses of other hosts inside of the mesh: `ip route … dev … src …`. */
import { FlagsNew } from 'netlink/dist/constants.js';
import { getU32, putU32 } from 'netlink/dist/structs.js';
import { isKernelError } from '../../errors.js';
import type { CryptRoute } from '../../model/crypt/steps.js';
import type { Ip } from '../../model/values/types.js';
import { linkIndex } from '../links/links.js';
import { ipBytes, message, readAttributes, readIp } from '../netlink/attributes.js';
import { MOST_AT_ONCE, type Request, type Rtnetlink } from '../netlink/rtnetlink.js';
import { AF, RT_SCOPE_LINK, RT_TABLE_MAIN, RTA, RTM, RTN_UNICAST, RTPROT_BOOT } from '../netlink/uapi.js';

/** A route to one address. */
const HOST_BITS = 32;

export interface KernelRoute {
  readonly to: Ip;
  /** Index of the link. */
  readonly link: number;
  /** Empty when it names none. */
  readonly source: Ip | '';
}

const header = (): Buffer =>
  Buffer.concat([
    Buffer.from([AF.INET, HOST_BITS, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_LINK, RTN_UNICAST]),
    putU32(0),
  ]);

/** One rtmsg of the main table to a single IPv4 address by a link; undefined for any other. */
export function readRoute(payload: Buffer): KernelRoute | undefined {
  const [family, bits, table, type] = [payload[0], payload[1], payload[4], payload[7]];
  if (family !== AF.INET || bits !== HOST_BITS || table !== RT_TABLE_MAIN || type !== RTN_UNICAST) return undefined;
  const found = readAttributes(payload.subarray(12));
  const [to, link, source] = [found.get(RTA.DST), found.get(RTA.OIF), found.get(RTA.PREFSRC)];
  if (to === undefined || link === undefined) return undefined;
  return { to: readIp(to), link: getU32(link), source: source === undefined ? '' : readIp(source) };
}

/** `ip route show table main` */
export const listRoutes = (socket: Rtnetlink): Promise<readonly KernelRoute[]> =>
  socket.dump('ip route show', RTM.GETROUTE, Buffer.from([AF.INET, ...Buffer.alloc(11)]), readRoute);

/**
 * `ip route replace <to> dev <link> src <source>` for each: what goes there meanwhile goes the one way or the other.
 * Throws ENODEV.
 */
export async function replaceRoutes(socket: Rtnetlink, routes: readonly CryptRoute[]): Promise<void> {
  const indexes = new Map<string, number>();
  for (const { link } of routes)
    if (!indexes.has(link)) indexes.set(link, await linkIndex(socket, link, `ip route replace dev ${link}`));
  const flags = FlagsNew.CREATE | FlagsNew.REPLACE;
  const requests = routes.map(({ to, link, source }) => ({
    ...{ verb: `ip route replace ${to} dev ${link} src ${source}`, type: RTM.NEWROUTE, flags },
    payload: message(header(), [
      [RTA.DST, ipBytes(to)],
      [RTA.OIF, putU32(indexes.get(link) ?? 0)],
      [RTA.PREFSRC, ipBytes(source)],
    ]),
  }));
  await allOf(socket, requests);
}

/** `ip route delete <to>` for each; success when it is gone. */
export const removeRoutes = (socket: Rtnetlink, destinations: readonly Ip[]): Promise<void> =>
  allOf(
    socket,
    destinations.map((to) => ({
      ...{ verb: `ip route delete ${to}`, type: RTM.DELROUTE, flags: 0 },
      payload: message(header(), [[RTA.DST, ipBytes(to)]]),
    })),
    'ESRCH',
  );

/** Throws the first error that is not `passed`. */
async function allOf(socket: Rtnetlink, requests: readonly Request[], ...passed: readonly string[]): Promise<void> {
  for (let i = 0; i < requests.length; i += MOST_AT_ONCE) {
    const errors = await socket.all(requests.slice(i, i + MOST_AT_ONCE));
    const error = errors.find((e) => e !== undefined && !(passed.length > 0 && isKernelError(e, ...passed)));
    if (error !== undefined) throw error;
  }
}
