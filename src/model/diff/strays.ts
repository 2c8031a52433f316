/** The namespace is ours alone: what nobody planned has no business in it. Pure. */
import type { NamespacePlan } from '../plan/namespace-plan.js';
import type { ObservedLink } from '../plan/observed.js';
import { doubles, portLinks } from '../plan/port-links.js';
import type { Draft } from '../plan/steps.js';
import { LANE } from '../values/names.js';

/** Bridges, VXLAN devices, veths, and whatever else is on a bridge. Hardware cannot be removed. */
export function straySteps(wanted: NamespacePlan, links: readonly ObservedLink[]): readonly Draft[] {
  const names = new Set<string>(wanted.bridges.flatMap((b) => [b.name, b.vxlan]));
  const pairs = new Set<string | undefined>([LANE, wanted.uplink?.link]);
  const endpoints = new Set<string>(wanted.ports.map((p) => p.endpoint));
  const ports = portLinks(links);
  const twice = doubles(links);
  return links.flatMap((link): Draft[] => {
    const { kind, name, alias } = link;
    if (kind === 'veth') {
      const isKnown = endpoints.has(alias);
      if (pairs.has(name) || (isKnown && ports.get(alias) === link)) return [];
      // Not pruned: its endpoint is there, and gets a link that is known to be ours.
      if (isKnown && twice.has(alias)) return [removal(link, 'another link has the id of its endpoint, too')];
      return [{ ...removal(link, 'its endpoint is gone'), prune: true }];
    }
    const isOnBridge = kind !== '' && link.master !== '';
    const isStray = (isOnBridge || kind === 'bridge' || kind === 'vxlan') && !names.has(name);
    return isStray ? [{ ...removal(link, 'not planned'), prune: true }] : [];
  });
}

const removal = ({ name: link }: ObservedLink, reason: string): Draft => ({ kind: 'removeLink', link, reason });
