/** What a network costs a container that comes and goes at once: `docker run --rm … true`. */
import { inRounds, type Round, type Rounds, timed } from './rounds.js';
import { NETWORKS, type Site } from './site.js';

/** `none` has no network at all, `bridge` is Docker's own on one host. */
const CONTENDERS = ['none', 'bridge', 'native', 'tsoverlay'] as const;
export type Attacher = (typeof CONTENDERS)[number];

/** Milliseconds. */
export type AttachRound = Round<Attacher, number>;

export function measureAttach(site: Site, rounds: Rounds): Promise<readonly AttachRound[]> {
  return inRounds(rounds, CONTENDERS, (contender) => {
    const network = contender === 'none' || contender === 'bridge' ? contender : NETWORKS[contender].name;
    return timed(() => site.here.docker('run', '--rm', '--net', network, 'busybox', 'true'));
  });
}
