/** Where pools come from that nobody named, as people write it: checked in one place for a setting and for options. */
import { UserError } from '../../errors.js';
import { familyOf, networkOf, parseCidr } from './address.js';
import type { PoolSource } from './settings.js';

/** The native overlay's own, and a unique local /48 (RFC 4193) for IPv6. */
export const DEFAULT_SOURCES: readonly PoolSource[] = [
  { base: networkOf('10.0.0.0/8'), size: 24 },
  { base: networkOf('fd74:736f:7665::/48'), size: 64 },
];

/** `what` names where the two stand, for the sentence of a refusal. Throws a UserError. */
export function poolSource(base: string, size: string | undefined, what: string): PoolSource {
  const { prefix, family } = parseCidr(base);
  const wanted = size === undefined ? Math.max(prefix, family === 4 ? 24 : 64) : Number(size);
  const largest = family === 4 ? 30 : 126;
  const fits = Number.isInteger(wanted) && wanted >= prefix && wanted <= largest;
  if (!fits)
    throw new UserError(
      `${what} has size "${size ?? wanted}" for base ${base}; it must be a prefix length from ${prefix} to ${largest}`,
    );
  return { base: networkOf(base), size: wanted };
}

/** `base=10.10.0.0/16,size=24[;base=…]`, dockerd's own spelling of --default-address-pool; empty: ours. */
export function parseSources(text: string, setting: string): readonly PoolSource[] {
  const sources = text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^base=([^,]+)(?:,size=(\d+))?$/.exec(part);
      if (match?.[1] === undefined)
        throw new UserError(`${setting} has "${part}"; write it as base=10.10.0.0/16,size=24, several with ; between`);
      return poolSource(match[1], match[2], setting);
    });
  return sources.length === 0 ? DEFAULT_SOURCES : sources;
}

export const sourcesOf = (sources: readonly PoolSource[], family: 4 | 6): readonly PoolSource[] =>
  sources.filter(({ base }) => familyOf(base) === family);
