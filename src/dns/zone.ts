/** What a container can look up: the endpoints of one of its networks, and how to find one by name or by address. */
import ipaddr from 'ipaddr.js';
import type { Endpoint } from '../model/types.js';

export interface Zone {
  /** The network's announced name; '' if unknown yet, then only bare names match. */
  readonly network: string;
  readonly endpoints: Iterable<Endpoint>;
}

/** A zone whose endpoints can be walked any number of times. */
export interface FixedZone extends Zone {
  readonly endpoints: readonly Endpoint[];
}

/** Everything that a name may stand for in one zone. */
export interface Match {
  /** Addresses without prefix length, canonical text. */
  readonly v4: readonly string[];
  readonly v6: readonly string[];
}

/**
 * The addresses of `name`, or undefined when no zone has it. As the engine does it: bare names of all zones go before
 * `name.network`, the first zone that has the name wins, zones are not merged.
 */
export function lookUp(name: string, zones: readonly FixedZone[]): Match | undefined {
  const wanted = canonical(name);
  if (wanted === '') return undefined;
  for (const zone of zones) {
    const match = within(zone, wanted);
    if (match) return match;
  }
  for (const zone of zones) {
    const suffix = `.${canonical(zone.network)}`;
    if (suffix.length === 1 || wanted.length <= suffix.length || !wanted.endsWith(suffix)) continue;
    const match = within(zone, wanted.slice(0, -suffix.length));
    if (match) return match;
  }
  return undefined;
}

/** `name.network` of the endpoint that has this address, or undefined. `address`: canonical text. */
export function nameOf(address: string, zones: readonly FixedZone[]): string | undefined {
  for (const { network, endpoints } of zones) {
    for (const { addresses, names } of endpoints) {
      const own = names[0];
      if (own === undefined || !addresses.some((cidr) => hostPart(cidr) === address)) continue;
      return network === '' ? own : `${own}.${network}`;
    }
  }
  return undefined;
}

/** The address that a reverse name (RFC 1035 section 3.5, RFC 3596 section 2.5) asks for; undefined for all else. */
export function reversedAddress(name: string): string | undefined {
  const labels = canonical(name).split('.');
  const [family, arpa] = labels.splice(-2);
  const digits = labels.reverse();
  if (arpa !== 'arpa') return undefined;
  if (family === 'in-addr' && digits.length === 4) return parsed(digits.join('.'));
  if (family === 'ip6' && digits.length === 32 && digits.every((d) => /^[0-9a-f]$/.test(d))) {
    return parsed(digits.join('').replace(/(.{4})(?!$)/g, '$1:'));
  }
  return undefined;
}

function within(zone: FixedZone, wanted: string): Match | undefined {
  const found = zone.endpoints.filter((e) => e.names.some((n) => canonical(n) === wanted));
  if (found.length === 0) return undefined;
  const all = found.flatMap((e) => e.addresses.map(hostPart));
  return { v4: all.filter((a) => !a.includes(':')), v6: all.filter((a) => a.includes(':')) };
}

function parsed(address: string): string | undefined {
  return ipaddr.isValid(address) ? ipaddr.parse(address).toString() : undefined;
}

const canonical = (name: string): string => name.toLowerCase().replace(/\.$/, '');
const hostPart = (cidr: string): string => cidr.replace(/\/.*$/, '');
