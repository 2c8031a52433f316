/** The resolver's decisions on questions: what we answer ourselves, and what is the engine's to answer. Pure. */
import { Class, type Query, Type } from './query.js';
import { recordsOf } from './rdata.js';
import type { Answer } from './reply.js';
import { lookUp, nameOf, reversedAddress, type Zone } from './zone.js';

/** Puts equal answers in another order each time, so that clients that take the first one spread out. */
export type Shuffle = <T>(items: readonly T[]) => T[];

export interface Found {
  readonly answers: readonly Answer[];
  /** How many endpoints were looked at for it. */
  readonly endpoints: number;
}

/**
 * Our answers, or undefined when the question is the engine's: names and addresses that no zone has, other classes, and
 * of what we have, all but addresses and names. A name may be a domain that others have records of, which an alias
 * hides no more than the engine's own resolver would: it answers A, AAAA, PTR, and MX with nothing.
 */
export function answer(query: Query, zones: readonly Zone[], shuffle: Shuffle): Found | undefined {
  const { name } = query;
  if (name === undefined || (query.class !== Class.in && query.class !== Class.any)) return undefined;
  if (query.type === Type.ptr) return forAddress(name, zones);
  return NAMES.has(query.type) ? forName(name, query.type, zones, shuffle) : undefined;
}

/** Without an MX record mail goes to the name's own address (RFC 5321 section 5.1), with NXDOMAIN nowhere. */
const NAMES: ReadonlySet<number> = new Set([Type.a, Type.aaaa, Type.mx]);

function forName(name: string, type: number, zones: readonly Zone[], shuffle: Shuffle): Found | undefined {
  const isIt = (record: Answer): boolean => record.type === type;
  const found = lookUp(name, zones, (endpoint) => type !== Type.aaaa || recordsOf(endpoint).some(isIt));
  if (!found) return undefined;
  const wanted: Answer[] = [];
  for (const endpoint of found) for (const record of recordsOf(endpoint)) if (isIt(record)) wanted.push(record);
  return { answers: shuffle(wanted), endpoints: found.length };
}

function forAddress(name: string, zones: readonly Zone[]): Found | undefined {
  const address = reversedAddress(name);
  const found = address === undefined ? undefined : nameOf(address, zones);
  if (found === undefined) return undefined;
  return { answers: found === 'none fits' ? [] : [{ type: Type.ptr, data: found }], endpoints: 1 };
}
