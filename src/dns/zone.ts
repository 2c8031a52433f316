/** What a container can look up: the endpoints of one of its networks, and how to find one by name or by address. */
import ipaddr from 'ipaddr.js';
import type { Endpoint } from '../model/types.js';
import { canonical, type Directory } from './directory.js';
import { encodeName } from './rdata.js';

/** Somebody's container may have any number of names, and none that fits. */
const MAX_TRIED = 20;

export interface Zone {
  /** The network's announced name; '' if unknown yet, then only bare names match. */
  readonly network: string;
  readonly directory: Directory;
}

/**
 * The endpoints of `name` (canonical), or undefined when no zone has it. As the engine does it: bare names of all
 * zones go before `name.network`, the first zone that has the name wins, zones are not merged.
 */
export function lookUp(name: string, zones: readonly Zone[]): readonly Endpoint[] | undefined {
  if (name === '') return undefined;
  for (const zone of zones) {
    const found = within(zone, name);
    if (found) return found;
  }
  for (const zone of zones) {
    const suffix = `.${canonical(zone.network)}`;
    if (suffix.length === 1 || name.length <= suffix.length || !name.endsWith(suffix)) continue;
    const found = within(zone, name.slice(0, -suffix.length));
    if (found) return found;
  }
  return undefined;
}

/**
 * `name.network` of the endpoint that has this address, on the wire; undefined when there is none. `address`:
 * canonical text. The container's own name, or the first of its names that fits into DNS.
 */
export function nameOf(address: string, zones: readonly Zone[]): Buffer | undefined {
  for (const { network, directory } of zones) {
    for (const endpoint of directory.at(address)) {
      for (const own of endpoint.names.slice(0, MAX_TRIED)) {
        const encoded = encodeName(network === '' ? own : `${own}.${network}`);
        if (encoded) return encoded;
      }
    }
  }
  return undefined;
}

/** The address that a reverse name (RFC 1035 section 3.5, RFC 3596 section 2.5) asks for; undefined for all else. */
export function reversedAddress(name: string): string | undefined {
  if (!name.endsWith('.arpa')) return undefined;
  const labels = name.split('.');
  const [family] = labels.splice(-2);
  const digits = labels.reverse();
  if (family === 'in-addr' && digits.length === 4 && digits.every((d) => /^(0|[1-9][0-9]{0,2})$/.test(d))) {
    return parsed(digits.join('.'));
  }
  if (family === 'ip6' && digits.length === 32 && digits.every((d) => /^[0-9a-f]$/.test(d))) {
    return parsed(digits.join('').replace(/(.{4})(?!$)/g, '$1:'));
  }
  return undefined;
}

function within({ directory }: Zone, name: string): readonly Endpoint[] | undefined {
  const found = directory.named(name);
  return found.length > 0 ? found : undefined;
}

function parsed(address: string): string | undefined {
  return ipaddr.isValid(address) ? ipaddr.parse(address).toString() : undefined;
}
