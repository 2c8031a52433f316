/** How a container looks names up on one of its networks: what inspect tells of it. */
import { MOST } from '../model/values/shapes.js';
import type { Link, Lookup } from '../model/values/types.js';

interface NetworkSettings {
  readonly Links?: readonly string[] | null;
  /** Engine 28 and later. */
  readonly GwPriority?: number;
}

export const lookupOf = ({ Links, GwPriority }: NetworkSettings): Lookup => ({
  links: (Links ?? []).flatMap(linkOf).slice(0, MOST.links),
  ...(GwPriority === undefined ? {} : { priority: GwPriority }),
});

/** `name:alias`, `name` alone, or `/name:/container/alias` as engines write it themselves. None for all else. */
function linkOf(text: string): readonly Link[] {
  const [name = '', alias = name, ...more] = text.split(':');
  if (name === '' || alias === '' || more.length > 0) return [];
  return name.startsWith('/') ? [{ name: name.slice(1), alias: alias.replace(/^.*\//, '') }] : [{ name, alias }];
}
