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
 * Our answers, or undefined when the question is the engine's: names and addresses that no zone has, other classes.
 * A name that we know is never the engine's, whatever the type asked for.
 */
export function answer(query: Query, zones: readonly Zone[], shuffle: Shuffle): Found | undefined {
  const { name } = query;
  if (name === undefined || (query.class !== Class.in && query.class !== Class.any)) return undefined;
  return forName(name, query.type, zones, shuffle) ?? forAddress(name, query.type, zones);
}

function forName(name: string, type: number, zones: readonly Zone[], shuffle: Shuffle): Found | undefined {
  const found = lookUp(name, zones);
  if (!found) return undefined;
  const wanted: Answer[] = [];
  for (const endpoint of found) {
    for (const record of recordsOf(endpoint)) if (type === Type.any || record.type === type) wanted.push(record);
  }
  return { answers: shuffle(wanted), endpoints: found.length };
}

function forAddress(name: string, type: number, zones: readonly Zone[]): Found | undefined {
  const address = reversedAddress(name);
  const data = address === undefined ? undefined : nameOf(address, zones);
  if (data === undefined) return undefined;
  return { answers: type === Type.ptr || type === Type.any ? [{ type: Type.ptr, data }] : [], endpoints: 1 };
}
