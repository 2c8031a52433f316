import { familyOf } from '../../../model/values/address.js';
import type { GuardMode } from '../../../model/values/settings.js';
import { check } from '../../check.js';
import type { WayLook } from '../../looks/underlay.js';
import type { Surroundings } from '../../surroundings.js';
import { answersOf } from './answers.js';

const STRICT = 1;

export interface ReturnPathFacts {
  /** Name of the interface that has this host's address; undefined where there is none. */
  readonly link: string | undefined;
  /** The stricter of its own setting and that of all; 0, 1 or 2. */
  readonly filter: number;
  readonly guard: GuardMode;
  /** By the addresses of the other hosts. */
  readonly others: ReadonlyMap<string, WayLook>;
  /** Whether each host that was probed has answered; undefined where nobody could be probed. */
  readonly answered: ReadonlyMap<string, boolean> | undefined;
}

type At = Pick<Surroundings, 'probes' | 'proc' | 'self' | 'underlay' | 'vxlanGuard'>;

export const returnPath = check({
  code: 'underlay.rp-filter',
  about:
    'whether what other hosts send is thrown away, for answers to them would take another way: by the kernel (rp_filter), or by the guard of VXLAN, which takes it for forged. Of hosts behind a router, those alone that probes do not reach',
  harm: "packets of containers on those hosts do not arrive, without a word anywhere but in counters (nstat IPReversePathFilter; tsoverlay status, from a node's address but not by the way to it)",
  cure: 'give the hosts one way to each other: ip route get ADDRESS shows the one there; or, where the underlay is meant to have two, set VXLAN_GUARD=incoming, net.ipv4.conf.INTERFACE.rp_filter=2 and …all.rp_filter=2',
  look: async ({ self, underlay, proc, probes, vxlanGuard: guard }: At): Promise<ReturnPathFacts> => {
    // IPv6 has none.
    const filterOf = (link: string): number =>
      familyOf(self) === 4 ? (proc.number(`sys/net/ipv4/conf/${link}/rp_filter`) ?? 0) : 0;
    const [{ link, ways }, answered] = await Promise.all([underlay(), answersOf(probes)]);
    return {
      ...{ link, guard, others: ways, answered },
      filter: Math.max(filterOf('all'), link === undefined ? 0 : filterOf(link)),
    };
  },
  judge: ({ link, filter, guard, others, answered }) => {
    const why = [filter === STRICT ? `rp_filter of ${link} is strict` : [], guard === 'on' ? 'VXLAN_GUARD is on' : []];
    if (link === undefined || why.flat().length === 0) return [];
    return [...others]
      .filter(([peer, { by, isRouted }]) => by !== link && isLost(answered?.get(peer), isRouted))
      .map(([peer, { by }]) => ({
        what: `what ${peer} sends comes in by ${link}, answers leave by ${by}, and ${why.flat().join(' and ')}`,
      }));
  },
});

/** Probes are the proof. Without one, by which interface a router sends what is for this host can only be guessed. */
const isLost = (hasAnswered: boolean | undefined, isRouted: boolean): boolean =>
  hasAnswered === undefined ? !isRouted : !hasAnswered;
