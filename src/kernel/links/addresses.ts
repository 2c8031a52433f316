/** Addresses: `ip address`. */
import { FlagsNew } from 'netlink/dist/constants.js';
import { getU32, putU8, putU32 } from 'netlink/dist/structs.js';
import { isKernelError } from '../../errors.js';
import { cidrOf, parseCidr } from '../../model/values/address.js';
import type { Cidr } from '../../model/values/types.js';
import { ipBytes, message, readAttributes, readIp } from '../netlink/attributes.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { AF, IFA, IFA_F_NODAD, RTM } from '../netlink/uapi.js';
import { linkIndex } from './links.js';

export interface KernelAddress {
  /** Index of its link. */
  readonly link: number;
  readonly address: Cidr;
}

/**
 * An ifaddrmsg with its attributes. IPv4 gets the broadcast address that iproute2 calls `brd +`. IPv6 goes without
 * duplicate address detection: a gateway has its address on every host of the network.
 */
export function formatAddress(link: number, cidr: Cidr): Buffer {
  const { address, prefix, family } = parseCidr(cidr);
  const bytes = ipBytes(address);
  const [af, flags] = family === 4 ? [AF.INET, 0] : [AF.INET6, IFA_F_NODAD];
  const header = Buffer.concat([putU8(af), putU8(prefix), putU8(flags), putU8(0), putU32(link)]);
  return message(header, [
    [IFA.LOCAL, bytes],
    [IFA.ADDRESS, bytes],
    [IFA.BROADCAST, family === 4 && prefix < 31 ? broadcastOf(bytes, prefix) : undefined],
  ]);
}

function broadcastOf(bytes: Buffer, prefix: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE((bytes.readUInt32BE() | (0xffffffff >>> prefix)) >>> 0);
  return out;
}

export function readAddress(payload: Buffer): KernelAddress | undefined {
  const attributes = readAttributes(payload.subarray(8));
  // On a point-to-point link IFA_ADDRESS is the other side's.
  const bytes = attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS);
  if (bytes === undefined) return undefined;
  return { link: getU32(payload.subarray(4, 8)), address: cidrOf(readIp(bytes), payload.readUInt8(1)) };
}

/** fe80::/10 comes and goes with the link itself. */
const isLinkLocal = (address: string): boolean => /^fe[89ab]/.test(address);

/** `ip address show`, without IPv6 link-local addresses. */
export async function listAddresses(socket: Rtnetlink): Promise<readonly KernelAddress[]> {
  const found = await socket.dump('ip address show', RTM.GETADDR, Buffer.alloc(8), readAddress);
  return found.filter((a) => !isLinkLocal(a.address));
}

/** `ip address add <address> brd + dev <link>`, for IPv6 `… nodad`. Throws ENODEV. */
export async function ensureAddress(socket: Rtnetlink, link: string, address: Cidr): Promise<void> {
  const verb = `ip address add ${address} dev ${link}`;
  const payload = formatAddress(await linkIndex(socket, link, verb), address);
  try {
    await socket.request(verb, RTM.NEWADDR, FlagsNew.CREATE | FlagsNew.EXCL, payload);
  } catch (e) {
    if (!isKernelError(e, 'EEXIST')) throw e;
  }
}

/** `ip address delete <address> dev <link>`; success when the address or the link is gone. */
export async function removeAddress(socket: Rtnetlink, link: string, address: Cidr): Promise<void> {
  const verb = `ip address delete ${address} dev ${link}`;
  try {
    await socket.request(verb, RTM.DELADDR, 0, formatAddress(await linkIndex(socket, link, verb), address));
  } catch (e) {
    if (!isKernelError(e, 'EADDRNOTAVAIL', 'ENODEV')) throw e;
  }
}
