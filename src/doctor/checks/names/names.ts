import { check, type Trouble } from '../../check.js';
import type { NamesLook } from '../../looks/names.js';
import type { Surroundings } from '../../surroundings.js';

const look = ({ names }: Pick<Surroundings, 'names'>): Promise<readonly NamesLook[]> => names();

export const redirect = check({
  code: 'names.redirect',
  about: 'whether what containers of this host ask for names comes to tsoverlay (some by chance, where there are many)',
  harm: 'names of containers on other hosts are not found there; those of this host, and of the world, are',
  cure: 'tsoverlay makes the rules anew within two seconds: somebody in that container takes them away again and again (nft flush ruleset, with NET_ADMIN). nft list ruleset in its namespace shows table ip tsoverlay-dns; stop who flushes it, or spare that table',
  look,
  judge: (found) =>
    of(
      found,
      (one) => !one.isRedirected,
      (who) => ({ what: `questions of ${who} go to the engine's resolver alone` }),
    ),
});

export const known = check({
  code: 'names.known',
  about: 'whether containers of this host are answered for a name that there is on their network',
  harm: 'programs in that container do not find the others by name',
  cure: 'tsoverlay dns NAME --from CONTAINER says who answers what; nft list ruleset and ip address show lo in its namespace: whatever drops UDP to 127.0.0.11, or takes lo down, is the container’s own',
  look,
  judge: (found) =>
    of(
      // Without the redirect the engine answers, who does not know it.
      found.filter((one) => one.isRedirected),
      (one) => one.known !== undefined && !one.known.isFound,
      (who, { known: asked }) => ({
        what: `${who} asked for ${asked?.name}, which is on its network: ${asked?.outcome}`,
      }),
    ),
});

export const forwarded = check({
  code: 'names.forwarded',
  about: 'whether containers of this host are answered for a name of the world, which is passed on to the engine',
  harm: 'programs in that container wait for seconds for each name of the world, and do not find it',
  cure: 'as each says',
  look,
  judge: (all) => forwardedTroubles(all.filter(({ known: asked }) => asked?.isFound !== false)),
});

/** Of containers that are answered at all. */
const forwardedTroubles = (found: readonly NamesLook[]): readonly Trouble[] => [
  ...of(
    found,
    (one) => !one.foreign.us && one.foreign.engine,
    (who) => ({
      what: `a name of the world is not answered to ${who}, and is by the engine's resolver alone`,
      cure: 'nft list ruleset in its namespace: what drops UDP from 127.0.0.12 keeps tsoverlay from asking the engine; if nothing does, tsoverlay events and a restart of tsoverlay',
    }),
  ),
  ...of(
    found,
    (one) => !one.foreign.us && !one.foreign.engine,
    (who) => ({
      what: `a name of the world is not answered to ${who}, nor by the engine's resolver alone`,
      cure: 'the name servers that the engine asks do not answer: see /etc/resolv.conf of the host, "dns" in /etc/docker/daemon.json and --dns of the container, and what keeps UDP 53 from getting there',
    }),
  ),
];

const MOST_NAMED = 3;

/** One trouble for all of them. */
function of(
  found: readonly NamesLook[],
  is: (one: NamesLook) => boolean,
  say: (who: string, first: NamesLook) => Trouble,
): readonly Trouble[] {
  const all = found.filter(is);
  const [first] = all;
  if (first === undefined) return [];
  const named = all
    .slice(0, MOST_NAMED)
    .map((one) => one.container)
    .join(', ');
  const more = all.length > MOST_NAMED ? ` and ${all.length - MOST_NAMED} more` : '';
  return [say(`container ${named}${more}`, first)];
}
