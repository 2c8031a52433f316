/** Whom a container's links lead to, by alias; both canonical. */
import type { Lookup } from '../../model/values/types.js';
import { canonical } from './directory.js';

const NONE: ReadonlyMap<string, string> = new Map();
/** Asked for with every question. */
const found = new WeakMap<Lookup, ReadonlyMap<string, string>>();

export function linksIn(lookup: Lookup | undefined): ReadonlyMap<string, string> {
  if (lookup === undefined || lookup.links.length === 0) return NONE;
  const known = found.get(lookup);
  if (known !== undefined) return known;
  const links = new Map(lookup.links.map(({ alias, name }) => [canonical(alias), canonical(name)]));
  found.set(lookup, links);
  return links;
}
