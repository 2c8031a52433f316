/** Which link of a network's namespace is whose port. Pure. */
import { LANE, UPLINK } from '../values/names.js';
import type { ObservedLink } from './observed.js';

const NO_PORTS: readonly string[] = [LANE, UPLINK];

/** Of veth pairs, but for those that lead elsewhere than into a container. */
export const isPortLike = ({ kind, name }: Pick<ObservedLink, 'kind' | 'name'>): boolean =>
  kind === 'veth' && !NO_PORTS.includes(name);

/**
 * By the endpoints' ids that they bear. Who has CAP_NET_ADMIN in a container of a host without userns-remap can put a
 * link of its own into the namespace with another's id on it (IFLA_TARGET_NETNSID), under any name and index: of two that
 * bear one id neither is known to be ours, so none is.
 */
export function portLinks<L extends ObservedLink>(links: readonly L[]): ReadonlyMap<string, L> {
  const found = new Map<string, L>();
  for (const link of links.filter(isPortLike)) found.set(link.alias, link);
  for (const alias of doubles(links)) found.delete(alias);
  return found;
}

/** The ids that several links bear. */
export function doubles(links: readonly ObservedLink[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { alias } of links.filter(isPortLike)) (seen.has(alias) ? twice : seen).add(alias);
  return twice;
}
