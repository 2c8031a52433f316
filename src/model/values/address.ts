/** CIDR arithmetic over ipaddr.js: addresses as big integers, so that IPv4 and IPv6 are one thing. */
import ipaddr from 'ipaddr.js';
import { UserError } from '../../errors.js';
import type { Cidr, Ip } from './types.js';

export type Family = 4 | 6;

/** An inclusive run of addresses. */
export interface Span {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

interface Parsed extends Span {
  readonly address: Ip;
  readonly prefix: number;
}

const width = (family: Family): bigint => (family === 4 ? 32n : 128n);

const toBig = (bytes: readonly number[]): bigint => bytes.reduce((n, b) => (n << 8n) | BigInt(b), 0n);

/** `value`: a whole number below 2³². */
export const ipv4Of = (value: number): Ip =>
  `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}` as Ip;

const fromBig = (value: bigint, family: Family): Ip => {
  if (family === 4) return ipv4Of(Number(value));
  const bytes = Array.from({ length: 16 }, (_, i) => Number((value >> BigInt(120 - 8 * i)) & 255n));
  return ipaddr.fromByteArray(bytes).toString() as Ip;
};

export const isIp = (text: string): text is Ip => ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);

/** Canonical text of an address. Throws a UserError that quotes what is not one. */
export function parseIp(text: string): Ip {
  if (!isIp(text)) throw new UserError(`"${text}" is not an IP address`);
  return ipaddr.parse(text).toString() as Ip;
}

/** As we write IPv4 ourselves; the library, which throws and catches for each, is for all else that people type. */
const PLAIN_IPV4 = /^(0|[1-9]\d?\d?)\.(0|[1-9]\d?\d?)\.(0|[1-9]\d?\d?)\.(0|[1-9]\d?\d?)\/(0|[1-9]\d?)$/;

function parsePlain(text: string): Parsed | undefined {
  const found = PLAIN_IPV4.exec(text);
  if (found === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = found.slice(1).map(Number);
  if (a > 255 || b > 255 || c > 255 || d > 255 || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  const value = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
  const first = value - (value % size);
  const address = text.slice(0, text.indexOf('/')) as Ip;
  return { family: 4, address, prefix, first: BigInt(first), last: BigInt(first + size - 1) };
}

/** Networks are compared with each other by the thousand, and each is one of few texts. */
const parsed = new Map<string, Parsed>();
/** Whoever writes more of them into the store fills no memory. */
const MOST_PARSED = 8_192;

/** Throws a UserError that quotes what is no network in CIDR notation. */
export function parseCidr(text: string): Parsed {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const found = parsePlain(text) ?? parseAny(text);
  if (parsed.size >= MOST_PARSED) parsed.clear();
  parsed.set(text, found);
  return found;
}

function parseAny(text: string): Parsed {
  if (!ipaddr.isValidCIDR(text))
    throw new UserError(`"${text}" is not a network in CIDR notation such as 172.16.1.0/24`);
  const [address, prefix] = ipaddr.parseCIDR(text);
  const family: Family = address.kind() === 'ipv4' ? 4 : 6;
  const size = 1n << (width(family) - BigInt(prefix));
  const value = toBig(address.toByteArray());
  const first = value - (value % size);
  return { family, address: address.toString() as Ip, prefix, first, last: first + size - 1n };
}

export const familyOf = (text: string): Family => (text.includes(':') ? 6 : 4);
export const ipOf = (cidr: string): Ip => parseCidr(cidr).address;

/** The same of a record's, which is spelt as we do (see `canonical.ts`), in next to no time. */
export const ipPart = (cidr: Cidr): Ip => cidr.slice(0, cidr.indexOf('/')) as Ip;

/** An address with a prefix length, which is one of its family's. */
export const cidrOf = (ip: Ip, prefix: number): Cidr => `${ip}/${prefix}` as Cidr;

/** `172.16.1.7/24` → `172.16.1.0/24`. */
export const networkOf = (cidr: string): Cidr => {
  const { family, first, prefix } = parseCidr(cidr);
  return cidrOf(fromBig(first, family), prefix);
};

/** The first and the last address of a network, whatever they are for. */
export const spanOf = (cidr: Cidr): readonly [Ip, Ip] => {
  const { family, first, last } = parseCidr(cidr);
  return [fromBig(first, family), fromBig(last, family)];
};

/** RFC 3927, and RFC 4291 section 2.5.6. */
export const isLinkLocal = (ip: string): boolean => ['169.254.0.0/16', 'fe80::/10'].some((pool) => contains(pool, ip));

/** An address with the prefix length of its pool. */
export const inPool = (ip: Ip, pool: string): Cidr => cidrOf(ip, parseCidr(pool).prefix);

export const contains = (pool: string, ip: string): boolean => {
  const { family, first, last } = parseCidr(pool);
  if (familyOf(ip) !== family) return false;
  const value = addressValue(ip);
  return value >= first && value <= last;
};

/** True when all of `inner` lies in `outer`. */
export const covers = (outer: string, inner: string): boolean => {
  const [a, b] = [parseCidr(outer), parseCidr(inner)];
  return a.family === b.family && b.first >= a.first && b.last <= a.last;
};

export const overlaps = (a: string, b: string): boolean => {
  const [x, y] = [parseCidr(a), parseCidr(b)];
  return x.family === y.family && x.first <= y.last && y.first <= x.last;
};

/** True for a network of any address: `0.0.0.0/26`, `::/64`. */
export const isUnspecified = (cidr: string): boolean =>
  /^(?:0\.0\.0\.0|::|(?:0{1,4}:){1,7}(?:0{1,4}|:))\/\d+$/.test(cidr);

/** False for a subnet's first address and, in IPv4, its last: they mean all of its hosts. */
export const isHostAddress = (pool: Cidr, ip: Ip): boolean => {
  const { first, last } = assignable(pool, undefined);
  const value = addressValue(ip);
  return value >= first && value <= last;
};

/** True when a pool has two addresses to hand out, for a gateway and a container. */
export const hasRoom = (pool: Cidr): boolean => {
  const { first, last } = assignable(pool, undefined);
  return last > first;
};

/** What may be handed out of a pool: without its network and (IPv4) broadcast address, within `range` if given. */
export function assignable(pool: Cidr, range: Cidr | undefined): Span {
  const whole = parseCidr(pool);
  const part = range === undefined ? whole : parseCidr(range);
  const low = whole.first + 1n;
  const high = whole.family === 4 ? whole.last - 1n : whole.last;
  return {
    family: whole.family,
    first: part.first > low ? part.first : low,
    last: part.last < high ? part.last : high,
  };
}

/** An address as the number that spans are made of. `ip`: canonical text. */
export function addressValue(ip: string): bigint {
  if (ip.includes(':')) return toBig(ipaddr.parse(ip).toByteArray());
  // The library takes a microsecond and more for each, and there are thousands.
  return BigInt(ip.split('.').reduce((n, part) => n * 256 + Number(part), 0));
}

/**
 * Of the addresses of the span that are not taken the lowest (or highest), or the one that comes `skip` behind it,
 * counted round where there are not so many; undefined where there is none.
 */
export function freeAddress(
  span: Span,
  isTaken: (value: bigint) => boolean,
  from: 'below' | 'above',
  skip = 0,
): Ip | undefined {
  const step = from === 'below' ? 1n : -1n;
  const free: bigint[] = [];
  for (let n = from === 'below' ? span.first : span.last; n >= span.first && n <= span.last; n += step)
    if (!isTaken(n) && free.push(n) > skip) break;
  const found = free[skip % free.length];
  return found === undefined ? undefined : fromBig(found, span.family);
}

/** The first subnet of `base` with this prefix length that overlaps none of `used`. */
export function freeSubnet(base: string, prefix: number, used: readonly string[]): Cidr | undefined {
  const { family, first, last } = parseCidr(base);
  const size = 1n << (width(family) - BigInt(prefix));
  const end = (at: bigint): bigint => at + size - 1n;
  const blocked = used.map(parseCidr).filter((u) => u.family === family && u.last >= first && u.first <= last);
  blocked.sort((a, b) => (a.first < b.first ? -1 : 1));
  let start = first;
  for (const u of blocked) {
    // All that follow begin later still.
    if (u.first > end(start)) break;
    if (u.last < start) continue;
    const after = u.last + 1n;
    start = after % size === 0n ? after : after - (after % size) + size;
  }
  return end(start) <= last ? cidrOf(fromBig(start, family), prefix) : undefined;
}
