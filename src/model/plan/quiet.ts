/**
 * Nothing in a network's namespace learns: every MAC is in the cluster's records, and what is learned can be made up by
 * a container, in any number and on the hosts of others. What is for a MAC that is in no record goes nowhere. Pure.
 */
import type { ObservedLink, PortFlags } from './observed.js';
import type { Draft } from './steps.js';

/** Whether an FDB grows by what is sent through the link. */
export const learns = (link: Pick<ObservedLink, 'vxlan' | 'port'>): boolean =>
  link.vxlan?.learning === true || link.port?.learning === true;

export const quietPort = (link: ObservedLink, reason: string): Draft => ({ kind: 'setPort', link: link.name, reason });

/** What a port does that it should not; undefined when nothing. */
export const loudness = ({ learning, flood }: PortFlags): string | undefined =>
  learning ? 'learns MACs' : flood ? 'gets what is for unknown MACs' : undefined;

export function quietSteps(links: readonly ObservedLink[]): readonly Draft[] {
  return links.flatMap((link): Draft[] => {
    const loud = link.port === undefined ? undefined : loudness(link.port);
    return [
      ...(link.vxlan?.learning ? [{ kind: 'stopLearning' as const, link: link.name, reason: 'learns MACs' }] : []),
      ...(loud === undefined ? [] : [quietPort(link, loud)]),
      ...(link.bridge?.snooping
        ? [{ kind: 'stopSnooping' as const, link: link.name, reason: 'keeps what containers say of groups' }]
        : []),
    ];
  });
}
