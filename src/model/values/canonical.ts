/** Addresses and networks as we write them: one spelling for each, and none that stands for something else. */
import ipaddr from 'ipaddr.js';
import { cidrOf, familyOf, hasRoom, isUnspecified, parseCidr } from './address.js';
import type { Cidr, Ip, NodeAddress } from './types.js';

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const PREFIX = /^(?:0|[1-9]\d{0,2})$/;
/** How long an address is. */
const bitsOf = (ip: string): number => (familyOf(ip) === 4 ? 32 : 128);
/** The longest spelling of an IPv6 address; nothing longer is looked at. */
const LONGEST = 39;

/** True for an address as {@link parseIp} spells it. */
export function isCanonicalIp(text: string): boolean {
  if (IPV4.test(text)) return true;
  if (text.length > LONGEST || !text.includes(':') || text.includes('%')) return false;
  return ipaddr.IPv6.isValid(text) && ipaddr.IPv6.parse(text).toString() === text;
}

/** True for an address with a prefix length, both spelt as we do; the address may be a host's. */
export function isCanonicalCidr(text: string): boolean {
  const [ip = '', prefix = '', more] = text.split('/', 3);
  return more === undefined && isCanonicalIp(ip) && PREFIX.test(prefix) && Number(prefix) <= bitsOf(ip);
}

/** True for a network as `networkOf` spells it. */
export const isCanonicalNetwork = (text: string): boolean =>
  isCanonicalCidr(text) && parseCidr(text).first === numberOf(text.slice(0, text.indexOf('/')));

/** What no host has as its address towards others, and no container either (RFC 6890). */
const SPECIAL = (
  [
    ['0.0.0.0/8', '"this network"'],
    ['127.0.0.0/8', 'loopback addresses'],
    ['169.254.0.0/16', 'link-local addresses'],
    ['224.0.0.0/4', 'multicast addresses'],
    ['255.255.255.255/32', 'the broadcast address'],
    ['::/127', 'the unspecified and the loopback address'],
    ['::ffff:0:0/96', 'IPv4 addresses written as IPv6'],
    ['fe80::/10', 'link-local addresses'],
    ['ff00::/8', 'multicast addresses'],
  ] as const
).map(([cidr, what]) => ({ ...parseCidr(cidr), words: `${what} (${cidr})` }));

/** What of that a network touches, in words: `loopback addresses (127.0.0.0/8)`. */
function specialIn(cidr: string): string | undefined {
  const { family, first, last } = parseCidr(cidr);
  return SPECIAL.find((s) => s.family === family && s.first <= last && first <= s.last)?.words;
}

/** One address, as a network. */
export const aloneOf = (ip: Ip): Cidr => cidrOf(ip, bitsOf(ip));

/** Of one that a host has towards the others: whoever says so has looked. */
export const nodeAddressOf = (ip: Ip): NodeAddress => ip as NodeAddress;

/** What speaks against this as a node's address towards the others, in words. `ip`: canonical. */
export const nodeAddressTrouble = (ip: string): string | undefined => specialIn(`${ip}/${bitsOf(ip)}`);

/** There are few nodes and many records that name them. */
const nodeAddresses = new Map<string, boolean>();
const MOST_KNOWN = 4_096;

/** True for an address that a node can be reached at by others. */
export function isNodeAddress(text: string): boolean {
  const known = nodeAddresses.get(text);
  if (known !== undefined) return known;
  const fits = isCanonicalIp(text) && nodeAddressTrouble(text) === undefined;
  if (fits && nodeAddresses.size < MOST_KNOWN) nodeAddresses.set(text, fits);
  return fits;
}

/** Nobody's network is wider, and a wider one would take the route to half of the internet. */
const WIDEST = 8;

/**
 * Why this can be no network's subnet, as the end of a sentence; undefined when it can. The one place that says so:
 * for what people ask for and for what stands in the store. `cidr`: canonical.
 */
export function subnetTrouble(cidr: Cidr): string | undefined {
  if (parseCidr(cidr).prefix < WIDEST) return `is wider than a /${WIDEST}; take a smaller one`;
  if (isUnspecified(cidr)) return 'is any of its size, which --ipam-driver tsoverlay chooses; add that';
  const special = specialIn(cidr);
  if (special !== undefined) return `contains ${special}, which no container can have; choose another`;
  if (!hasRoom(cidr)) return 'is too small for a gateway and a container; take a /30 (IPv6: /126) or larger';
  return undefined;
}

/** True when all addresses lie in the network, which is parsed once for them all. */
export function containsAll(cidr: string, ips: readonly string[]): boolean {
  const { family, first, last } = parseCidr(cidr);
  return ips.every((ip) => {
    const n = numberOf(ip);
    return familyOf(ip) === family && first <= n && n <= last;
  });
}

function numberOf(ip: string): bigint {
  if (familyOf(ip) === 4) return BigInt(ip.split('.').reduce((n, octet) => n * 256 + Number(octet), 0));
  return BigInt(`0x${Buffer.from(ipaddr.parse(ip).toByteArray()).toString('hex')}`);
}
