/** What other hosts say of themselves, the same of several hosts once. Pure. */
import type { State } from './state.js';

export interface Told {
  readonly code: string;
  readonly what: string;
  readonly cure: string;
  /** By their names, in the order in which they are shown. */
  readonly hosts: readonly string[];
  /** When the first of them said so. */
  readonly at: string;
}

/** What most hosts say comes first. */
export function toldIn({ words, hosts }: Pick<State, 'words' | 'hosts'>): readonly Told[] {
  const found = new Map<string, Told>();
  const byHost = new Map(words.map((word) => [word.host, word]));
  for (const { id, name } of hosts) {
    const { at = '', findings = [] } = byHost.get(id) ?? {};
    for (const { code, what, cure } of findings) {
      const key = JSON.stringify([code, what, cure]);
      const known = found.get(key);
      const first = known === undefined || at < known.at ? at : known.at;
      found.set(key, { code, what, cure, hosts: [...(known?.hosts ?? []), name], at: first });
    }
  }
  return [...found.values()].sort((a, b) => b.hosts.length - a.hosts.length);
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
