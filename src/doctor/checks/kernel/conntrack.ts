import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

/** Beyond, a burst may fill it. */
const FULL = 0.9;
const MAX = 'sys/net/netfilter/nf_conntrack_max';

export interface ConntrackFacts {
  readonly count: number;
  readonly max: number;
}

export const conntrack = check({
  code: 'kernel.conntrack',
  about: "the kernel's table of connections",
  harm: 'new connections of containers to other networks fail or hang, and so do those of the host; the kernel says "nf_conntrack: table full" in dmesg',
  cure: 'raise the limit (sysctl -w net.netfilter.nf_conntrack_max=262144, and in /etc/sysctl.d), and see who opens so many: conntrack -L',
  // A kernel that tracks nothing has no such files.
  look: ({ proc }: Pick<Surroundings, 'proc'>): ConntrackFacts | undefined => {
    const [count, max] = [proc.number('sys/net/netfilter/nf_conntrack_count'), proc.number(MAX)];
    return count === undefined || max === undefined ? undefined : { count, max };
  },
  judge: (facts) => {
    if (facts === undefined || facts.max === 0 || facts.count < facts.max * FULL) return [];
    return [{ what: `${facts.count} of ${facts.max} connections are tracked, which is ${percent(facts)} %` }];
  },
});

const percent = ({ count, max }: ConntrackFacts): number => Math.round((100 * count) / max);
