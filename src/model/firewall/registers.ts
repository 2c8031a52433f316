/** What a rule's expressions compare, with bytes of which some are not known. Pure. */
import type { Bytes } from './packet.js';
import type { Operator } from './ruleset.js';

/** Undefined: it depends on what is not known. */
export type Truth = boolean | undefined;

/** As memcmp(3) orders them; undefined where that depends on a byte that is not known. */
function order(bytes: Bytes, value: Buffer): number | undefined {
  for (const [i, wanted] of value.entries()) {
    const byte = bytes[i];
    if (byte === undefined) return undefined;
    if (byte !== wanted) return byte < wanted ? -1 : 1;
  }
  return 0;
}

export function isEqual(bytes: Bytes, value: Buffer): Truth {
  const pairs = [...value].map((wanted, i) => [bytes[i], wanted] as const);
  if (pairs.some(([byte, wanted]) => byte !== undefined && byte !== wanted)) return false;
  return pairs.some(([byte]) => byte === undefined) ? undefined : true;
}

export function compares(bytes: Bytes, operator: Operator, value: Buffer): Truth {
  if (operator === 'eq') return isEqual(bytes, value);
  if (operator === 'neq') return not(isEqual(bytes, value));
  const found = order(bytes, value);
  if (found === undefined) return undefined;
  return { lt: found < 0, lte: found <= 0, gt: found > 0, gte: found >= 0 }[operator];
}

export function isWithin(bytes: Bytes, first: Buffer, last: Buffer): Truth {
  if (first.equals(last)) return isEqual(bytes, first);
  return both(compares(bytes, 'gte', first), compares(bytes, 'lte', last));
}

export const not = (truth: Truth): Truth => (truth === undefined ? undefined : !truth);

export const both = (one: Truth, other: Truth): Truth =>
  one === false || other === false ? false : one === undefined || other === undefined ? undefined : true;

export const masked = (bytes: Bytes, mask: Buffer, xor: Buffer): Bytes =>
  [...mask].map((bits, i) => {
    const byte = bytes[i];
    if (bits === 0) return xor[i] ?? 0;
    return byte === undefined ? undefined : (byte & bits) ^ (xor[i] ?? 0);
  });
