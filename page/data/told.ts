/** What is known to be wrong with other hosts, and with the ways to them; the same of several once. Pure. */
import type { State } from './state.js';

export interface Told {
  readonly code: string;
  readonly what: string;
  readonly cure: string;
  /** `on docker02, docker03` */
  readonly where: string;
  /** When the first of them was found. */
  readonly at: string;
}

type Said = Omit<Told, 'where'> & { readonly host: string };

/** In the order in which hosts are shown; what is true of most comes first. */
function together(said: readonly Said[], where: string): readonly Told[] {
  const found = new Map<string, readonly Said[]>();
  for (const one of said) {
    const key = JSON.stringify([one.code, one.what, one.cure]);
    found.set(key, [...(found.get(key) ?? []), one]);
  }
  return [...found.values()]
    .sort((a, b) => b.length - a.length)
    .flatMap((all) => {
      const [first] = [...all].sort((a, b) => (a.at < b.at ? -1 : 1));
      return first === undefined ? [] : { ...first, where: `${where} ${all.map(({ host }) => host).join(', ')}` };
    });
}

/** Of the ways as probes found them, and of the others by their own word. */
export function toldIn({ words, edges, hosts }: Pick<State, 'words' | 'edges' | 'hosts'>): readonly Told[] {
  const of = <T>(all: readonly T[], hostOf: (one: T) => string, said: (one: T, host: string) => readonly Said[]) => {
    const byHost = new Map(all.map((one) => [hostOf(one), one]));
    return hosts.flatMap(({ id, name }) => {
      const one = byHost.get(id);
      return one === undefined ? [] : said(one, name);
    });
  };
  const ways = of(
    edges,
    ({ to }) => to,
    ({ at, troubles }, host) => troubles.map((trouble) => ({ ...trouble, at, host })),
  );
  const own = of(
    words,
    ({ host }) => host,
    ({ at, findings }, host) => findings.map((finding) => ({ ...finding, at, host })),
  );
  return [...together(ways, 'on the way to'), ...together(own, 'on')];
}

/** How many findings each host has, of those that have any: the host that tells by its rows. */
export function illnessesIn({
  words,
  findings,
  self,
}: Pick<State, 'words' | 'findings' | 'self'>): ReadonlyMap<string, number> {
  const counts = [[self, findings.length] as const, ...words.map((word) => [word.host, word.findings.length] as const)];
  return new Map(counts.filter(([, count]) => count > 0));
}
