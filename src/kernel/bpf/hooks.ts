/**
 * Where programs are hooked: `tc filter … ingress bpf direct-action`. By clsact and not by tcx: taking a tcx link away waits
 * for all processors, 8 to 15 ms, and kernels before 6.6 have none. A filter keeps its program, and is replaced at one
 * moment; its name says what the program was made for, for `tc filter show` and for us.
 */
import { FlagsNew } from 'netlink/dist/constants.js';
import { getS32, getU32, putS32, putString, putU32 } from 'netlink/dist/structs.js';
import { isKernelError } from '../../errors.js';
import { message, nest, readAttributes, readText } from '../netlink/attributes.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { RTM } from '../netlink/uapi.js';
import type { ProgramName } from './program.js';

const TCA = { KIND: 1, OPTIONS: 2, INGRESS_BLOCK: 13 } as const;
const TCA_BPF = { FD: 6, NAME: 7, FLAGS: 8, ID: 11 } as const;
const DIRECT_ACTION = 1;
const CLSACT = { handle: 0xffff0000, parent: 0xfffffff1 } as const;
const INGRESS = 0xfffffff2;
const EGRESS = 0xfffffff3;
/** In place of a link's index: the block that is named in place of the parent. */
const OF_BLOCK = -1;
/** Behind all that somebody else has put there without saying where: the kernel counts from 49152 down. */
const PREFERENCE = 0xfff0;
const ETH_P_ALL = 0x0300;
const HANDLE = 1;
const FILTER = ((PREFERENCE << 16) | ETH_P_ALL) >>> 0;

/** One link, by its index, or all links that share a block. */
export type Where = { readonly link: number } | { readonly block: number };

export interface Hook {
  /** Of the filter. */
  readonly name: string;
  /** Id of the program. */
  readonly program: number;
}

export interface HookPlace {
  /** Index. */
  readonly link: number;
  /** 0 where there is none. */
  readonly block: number;
}

/** How names of our filters begin. */
export const ours = (program: ProgramName): string => `tsoverlay-${program} `;

/** Of whatever release. */
export const isOurs = (name: string, program: ProgramName): boolean => name.startsWith(ours(program));

/** A tcmsg with its attributes. */
const tcmsg = (link: number, handle: number, parent: number, info = 0): Buffer =>
  Buffer.concat([putU32(0), putS32(link), putU32(handle), putU32(parent), putU32(info)]);

const filterAt = (where: Where): Buffer =>
  'link' in where ? tcmsg(where.link, HANDLE, INGRESS, FILTER) : tcmsg(OF_BLOCK, HANDLE, where.block, FILTER);

/** `tc qdisc add dev <link> [ingress_block <block>] clsact`; one that is there already stays. */
export async function ensurePlace(socket: Rtnetlink, { link, block }: HookPlace): Promise<void> {
  const payload = message(tcmsg(link, CLSACT.handle, CLSACT.parent), [
    [TCA.KIND, putString('clsact')],
    [TCA.INGRESS_BLOCK, block === 0 ? undefined : putU32(block)],
  ]);
  try {
    await socket.request(`tc qdisc add dev ${link} clsact`, RTM.NEWQDISC, FlagsNew.CREATE | FlagsNew.EXCL, payload);
  } catch (e) {
    if (!isKernelError(e, 'EEXIST')) throw e;
  }
}

/** `tc qdisc delete dev <link> clsact`, with all that is hooked there; gone is success. */
export async function removePlace(socket: Rtnetlink, link: number): Promise<void> {
  const payload = message(tcmsg(link, CLSACT.handle, CLSACT.parent), [[TCA.KIND, putString('clsact')]]);
  try {
    await socket.request(`tc qdisc delete dev ${link} clsact`, RTM.DELQDISC, 0, payload);
  } catch (e) {
    if (!isKernelError(e, 'ENOENT', 'EINVAL', 'ENODEV')) throw e;
  }
}

/** `tc qdisc show`: all links with a place for programs. */
export async function listPlaces(socket: Rtnetlink): Promise<readonly HookPlace[]> {
  return socket.dump('tc qdisc show', RTM.GETQDISC, tcmsg(0, 0, 0), (payload) => {
    const attributes = readAttributes(payload.subarray(20));
    if (!['clsact', 'ingress'].includes(readText(attributes.get(TCA.KIND)))) return undefined;
    const block = attributes.get(TCA.INGRESS_BLOCK);
    return { link: getS32(payload.subarray(4, 8)), block: block === undefined ? 0 : getU32(block) };
  });
}

/** `tc filter replace … ingress bpf direct-action`: at one moment. Throws ENODEV, EINVAL without a place for it. */
export function hook(socket: Rtnetlink, where: Where, program: number, name: string): Promise<void> {
  const options = nest([
    [TCA_BPF.FD, putU32(program)],
    [TCA_BPF.NAME, putString(name)],
    [TCA_BPF.FLAGS, putU32(DIRECT_ACTION)],
  ]);
  const payload = message(filterAt(where), [
    [TCA.KIND, putString('bpf')],
    [TCA.OPTIONS, options],
  ]);
  return socket.request(`tc filter replace ${name}`, RTM.NEWTFILTER, FlagsNew.CREATE, payload);
}

/** `tc filter show … ingress`: the one that is in our place; undefined when there is none, or no such link. */
export async function hooked(socket: Rtnetlink, where: Where): Promise<Hook | undefined> {
  const read = (payload: Buffer): Hook | undefined => {
    if (getU32(payload.subarray(16, 20)) >>> 16 !== PREFERENCE) return undefined;
    const options = readAttributes(readAttributes(payload.subarray(20)).get(TCA.OPTIONS) ?? Buffer.alloc(0));
    const id = options.get(TCA_BPF.ID);
    return id && { name: readText(options.get(TCA_BPF.NAME)), program: getU32(id) };
  };
  try {
    return (await socket.dump('tc filter show', RTM.GETTFILTER, filterAt(where), read))[0];
  } catch (e) {
    if (isKernelError(e, 'ENODEV', 'EINVAL', 'ENOENT')) return undefined;
    throw e;
  }
}

/** `tc filter delete … ingress`; gone is success. */
export async function unhook(socket: Rtnetlink, where: Where): Promise<void> {
  try {
    await socket.request(
      'tc filter delete',
      RTM.DELTFILTER,
      0,
      message(filterAt(where), [[TCA.KIND, putString('bpf')]]),
    );
  } catch (e) {
    if (!isKernelError(e, 'ENOENT', 'EINVAL', 'ENODEV')) throw e;
  }
}

/** Whether nobody has a filter there, of either direction. */
export async function isEmptyPlace(socket: Rtnetlink, link: number): Promise<boolean> {
  for (const parent of [INGRESS, EGRESS]) {
    const found = await socket.dump('tc filter show', RTM.GETTFILTER, tcmsg(link, 0, parent), () => true);
    if (found.length > 0) return false;
  }
  return true;
}
