/** Forwarding tables, and the bridges' static entries in them: `bridge fdb … master static`. */
import { FlagsNew } from 'netlink/dist/constants.js';
import { getS32, getU16 } from 'netlink/dist/structs.js';
import type { Mac } from '../../model/values/types.js';
import { macBytes, message, readAttributes, readMac } from '../netlink/attributes.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { AF, NDA, NTF_MASTER, NUD_NOARP, RTM } from '../netlink/uapi.js';
import type { EntryChange } from './entry-change.js';
import { type KernelNeighbour, neighbourHeader, readNeighbour } from './neighbours.js';

export interface KernelStatic {
  /** Index of the port. */
  readonly link: number;
  readonly mac: Mac;
}

/** An ndmsg with its attributes. */
export const formatStatic = ({ link, mac }: KernelStatic): Buffer =>
  message(neighbourHeader(AF.BRIDGE, link, NUD_NOARP, NTF_MASTER), [[NDA.LLADDR, macBytes(mac)]]);

/** Undefined for what is learned, the bridge's own (permanent), or no bridge's. */
export function readStatic(payload: Buffer): KernelStatic | undefined {
  if (payload[0] !== AF.BRIDGE || (getU16(payload.subarray(8, 10)) & NUD_NOARP) === 0) return undefined;
  const attributes = readAttributes(payload.subarray(12));
  const mac = attributes.get(NDA.LLADDR);
  // The kernel tells the bridge by its index, and sets no flag.
  if (!attributes.has(NDA.MASTER) || mac === undefined) return undefined;
  return { link: getS32(payload.subarray(4, 8)), mac: readMac(mac) };
}

export interface Fdb {
  /** Of VXLAN devices themselves: `self permanent` with a `dst`. */
  readonly vteps: readonly KernelNeighbour[];
  readonly statics: readonly KernelStatic[];
}

/** `bridge fdb show`, of all devices. Where nothing learns it is as long as planned. */
export async function listFdb(socket: Rtnetlink): Promise<Fdb> {
  const read = (payload: Buffer) => readNeighbour(payload) ?? readStatic(payload);
  const found = await socket.dump('bridge fdb show', RTM.GETNEIGH, neighbourHeader(AF.BRIDGE, 0, 0, 0), read);
  const isVtep = (entry: KernelNeighbour | KernelStatic): entry is KernelNeighbour => 'ip' in entry;
  return { vteps: found.filter(isVtep), statics: found.filter((entry) => !isVtep(entry)) };
}

/** `bridge fdb replace <mac> dev <link> master static`; one on another port moves. ENODEV without the link. */
export const replacingStatic = (link: string, mac: Mac): EntryChange => ({
  verb: `bridge fdb replace ${mac} dev ${link} master static`,
  link,
  type: RTM.NEWNEIGH,
  flags: FlagsNew.CREATE | FlagsNew.REPLACE,
  payload: (index) => formatStatic({ link: index, mac }),
  fine: [],
});

/** `bridge fdb delete <mac> dev <link> master`; success when the entry, the port or its bridge is gone. */
export const removingStatic = (link: string, mac: Mac): EntryChange => ({
  verb: `bridge fdb delete ${mac} dev ${link} master`,
  link,
  type: RTM.DELNEIGH,
  flags: 0,
  payload: (index) => formatStatic({ link: index, mac }),
  fine: ['ENOENT', 'ENODEV', 'EOPNOTSUPP'],
});
