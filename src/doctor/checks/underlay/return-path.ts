import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

const STRICT = 1;

export interface ReturnPathFacts {
  /** Name of the interface that has this host's address; undefined where there is none. */
  readonly link: string | undefined;
  /** The stricter of its own setting and that of all; 0, 1 or 2. */
  readonly filter: number;
  /** Other hosts whose network is on that interface, and the interface by which packets to them leave. */
  readonly others: ReadonlyMap<string, string>;
}

export const returnPath = check({
  code: 'underlay.rp-filter',
  about: 'whether the kernel throws away what other hosts send, for its answers would take another way (rp_filter)',
  harm: "packets of containers on those hosts do not arrive, without a word anywhere but in the kernel's counters (nstat IPReversePathFilter)",
  cure: 'give the hosts one way to each other (ip route get ADDRESS shows it), or set net.ipv4.conf.INTERFACE.rp_filter=2 and …all.rp_filter=2',
  look: async ({ underlay, proc }: Pick<Surroundings, 'proc' | 'underlay'>): Promise<ReturnPathFacts> => {
    const filterOf = (link: string): number => proc.number(`sys/net/ipv4/conf/${link}/rp_filter`) ?? 0;
    const { link, ways } = await underlay();
    return { link, filter: Math.max(filterOf('all'), link === undefined ? 0 : filterOf(link)), others: ways };
  },
  judge: ({ link, filter, others }) =>
    filter !== STRICT || link === undefined
      ? []
      : [...others]
          .filter(([, way]) => way !== link)
          .map(([peer, way]) => ({
            what: `what ${peer} sends comes in by ${link}, answers leave by ${way}, and rp_filter of ${link} is strict`,
          })),
});
