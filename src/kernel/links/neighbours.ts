/** The neighbour tables: `ip neigh` for IPs, `bridge fdb` for a VXLAN device's MACs. One message serves both. */
import { FlagsNew } from 'netlink/dist/constants.js';
import { getS32, getU16, putS32, putU8, putU16, putU32 } from 'netlink/dist/structs.js';
import { UNKNOWN_MAC } from '../../model/values/names.js';
import type { Ip, Mac } from '../../model/values/types.js';
import { ipBytes, macBytes, message, readAttributes, readIp, readMac } from '../netlink/attributes.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { AF, NDA, NTF_SELF, NUD_PERMANENT, RTM } from '../netlink/uapi.js';
import type { EntryChange } from './entry-change.js';

/** `bridge`: the link's forwarding table. `ip`: the neighbours of the address's own family. */
export type Table = 'ip' | 'bridge';

export interface KernelNeighbour {
  /** Index of its link. */
  readonly link: number;
  readonly mac: Mac;
  /** In the table `ip` the neighbour's address, in `bridge` the VTEP's. */
  readonly ip: Ip;
}

/** Of a step: a VTEP is told as it was found. */
type Addressed = Pick<KernelNeighbour, 'link' | 'mac'> & { readonly ip: string };

/** An ndmsg with its attributes, permanent. */
export function formatNeighbour(table: Table, { link, mac, ip }: Addressed): Buffer {
  const dst = ipBytes(ip);
  const family = table === 'bridge' ? AF.BRIDGE : dst.length === 4 ? AF.INET : AF.INET6;
  return message(neighbourHeader(family, link, NUD_PERMANENT, table === 'bridge' ? NTF_SELF : 0), [
    [NDA.DST, dst],
    [NDA.LLADDR, macBytes(mac)],
  ]);
}

/** An ndmsg. */
export const neighbourHeader = (family: number, link: number, state: number, flags: number): Buffer =>
  Buffer.concat([putU8(family), Buffer.alloc(3), putS32(link), putU16(state), putU8(flags), putU8(0)]);

/** Of an ndmsg: it stays until somebody removes it. */
export const isPermanent = (payload: Buffer): boolean => (getU16(payload.subarray(8, 10)) & NUD_PERMANENT) !== 0;

/** Undefined for what is not permanent, or has no address: learned entries, and those of the bridge above. */
export function readNeighbour(payload: Buffer): KernelNeighbour | undefined {
  if (!isPermanent(payload)) return undefined;
  if (payload[0] === AF.BRIDGE && ((payload[10] ?? 0) & NTF_SELF) === 0) return undefined;
  const attributes = readAttributes(payload.subarray(12));
  const [dst, mac] = [attributes.get(NDA.DST), attributes.get(NDA.LLADDR)];
  if (dst === undefined || mac === undefined) return undefined;
  return { link: getS32(payload.subarray(4, 8)), mac: readMac(mac), ip: readIp(dst) };
}

/**
 * `ip neigh show dev <link> nud permanent`, both families. Of that link alone: the bridge's own table is as long as
 * containers make it.
 */
export async function listNeighbours(socket: Rtnetlink, link: number): Promise<readonly KernelNeighbour[]> {
  const payload = message(neighbourHeader(AF.UNSPEC, 0, 0, 0), [[NDA.IFINDEX, putU32(link)]]);
  const found = await socket.dump('ip neigh show', RTM.GETNEIGH, payload, readNeighbour);
  // A kernel before 4.20 tells of all.
  return found.filter((n) => n.link === link);
}

/**
 * `ip neigh replace <ip> lladdr <mac> dev <link> nud permanent`;
 * `bridge fdb replace <mac> dev <link> dst <ip> self permanent`. ENODEV without the link.
 */
export const replacingNeighbour = (table: Table, link: string, mac: Mac, ip: string): EntryChange => ({
  verb: `${words(table, 'replace', mac, ip)} dev ${link}`,
  link,
  type: RTM.NEWNEIGH,
  // The entry for all unknown destinations has many VTEPs, and the kernel adds to it only.
  flags: FlagsNew.CREATE | (mac === UNKNOWN_MAC ? FlagsNew.APPEND : FlagsNew.REPLACE),
  payload: (index) => formatNeighbour(table, { link: index, mac, ip }),
  fine: [],
});

/**
 * `ip neigh delete <ip> dev <link>`, whatever its MAC; `bridge fdb delete <mac> dev <link> dst <ip> self`, that VTEP's
 * entry only. Success when the entry or the link is gone.
 */
export const removingNeighbour = (table: Table, link: string, mac: Mac, ip: string): EntryChange => ({
  verb: `${words(table, 'delete', mac, ip)} dev ${link}`,
  link,
  type: RTM.DELNEIGH,
  flags: 0,
  payload: (index) => formatNeighbour(table, { link: index, mac, ip }),
  fine: ['ENOENT', 'ENODEV'],
});

const words = (table: Table, verb: string, mac: Mac, ip: string): string =>
  table === 'ip' ? `ip neigh ${verb} ${ip} lladdr ${mac}` : `bridge fdb ${verb} ${mac} dst ${ip}`;
