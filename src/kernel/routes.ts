/** Routes: `ip route`. */
import { getU32 } from 'netlink';
import { networkOf } from '../model/address.js';
import type { Cidr } from '../model/types.js';
import type { KernelAddress } from './addresses.js';
import { readAttributes, readIp } from './attributes.js';
import type { Rtnetlink } from './rtnetlink.js';
import { OCCUPYING_ROUTES, RT_TABLE_MAIN, RTA, RTM } from './uapi.js';

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

/** Ranges that every host has, or that nobody would take a pool from: loopback, link-local, multicast. */
const isEverywhere = (cidr: Cidr): boolean => /^(127\.|169\.254\.|2(2[4-9]|3\d)\.|::1\/|fe[89ab]|ff)/.test(cidr);

/** `ip -4 route show table main` and `ip -6 route …`, with the networks of `addresses`; sorted, each once. */
export async function occupiedNetworks(
  socket: Rtnetlink,
  addresses: readonly KernelAddress[],
): Promise<readonly Cidr[]> {
  const answers = await socket.dump('ip route show', RTM.GETROUTE, Buffer.alloc(12));
  const routes = answers.map(readDestination).filter((r) => r !== undefined);
  const onLink = addresses.map((a) => networkOf(a.address));
  return [...new Set([...routes, ...onLink])].filter((cidr) => !isEverywhere(cidr)).sort();
}
