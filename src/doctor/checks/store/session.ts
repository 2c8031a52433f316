import { check } from '../../check.js';
import type { SessionLook, Surroundings } from '../../surroundings.js';

/** One that is younger, of a process that is not, has followed another one that was lost, ms. */
const YOUNG_MS = 45_000;
const SETTLED_MS = 120_000;
/** One loss may be a new leader of Consul's. */
const OFTEN = 3;

export const session = check({
  code: 'store.session',
  about: "the age of this host's session in Consul, by which the others know that it lives",
  harm: 'each time it is lost, the others take this host to be away for seconds: its new containers are known late',
  cure: 'see what keeps this host from renewing it every five seconds: a Consul that is slow or changes its leader (store.consul; consul operator raft list-peers), lost packets on the way there, or a host without a free CPU (uptime); who ends sessions by hand (consul monitor) is to leave that',
  look: ({ session: ask }: Pick<Surroundings, 'session'>): Promise<SessionLook | undefined> => ask(),
  judge: (facts) => {
    if (facts?.ageMs === undefined) return [];
    const { ageMs, lost, servedMs } = facts;
    if (lost < OFTEN && (ageMs >= YOUNG_MS || servedMs < SETTLED_MS || lost === 0)) return [];
    const age = `the session is ${Math.round(ageMs / 1_000)} s old`;
    return [
      {
        what: `${age}, and ${lost === 1 ? 'one before it was' : `${lost} before it were`} lost within the last ten minutes`,
      },
    ];
  },
});
