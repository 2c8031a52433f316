/** The bridges' static FDB entries: which MAC is behind which port. Pure. */
import type { Draft, NamespacePlan, ObservedStatic } from './steps.js';
import type { Mac } from './types.js';

export interface StaticEntry {
  readonly bridge: string;
  /** The port. */
  readonly link: string;
  readonly mac: Mac;
}

/** Remote MACs are behind the VXLAN device of their bridge. */
export function remoteEntries(wanted: NamespacePlan): readonly StaticEntry[] {
  const bridges = new Map(wanted.bridges.map((b) => [b.vxlan, b.name]));
  return wanted.peers.map(({ vxlan, mac }) => ({ bridge: bridges.get(vxlan) ?? '', link: vxlan, mac }));
}

/** `losing`: links whose entries go with the other steps, for they leave their bridge. */
export function staticSteps(
  entries: readonly StaticEntry[],
  seen: readonly ObservedStatic[],
  losing: ReadonlySet<string>,
): readonly Draft[] {
  // One port per MAC and bridge, as the bridge has it.
  const byMac = new Map(entries.map((entry) => [`${entry.bridge} ${entry.mac}`, entry]));
  const wanted = new Map([...byMac.values()].map((entry) => [keyOf(entry), entry]));
  const have = new Map(seen.filter((s) => !losing.has(s.link)).map((s) => [keyOf(s), s]));
  const gone = [...have].filter(([key]) => !wanted.has(key)).map(([, entry]) => entry);
  const missing = [...wanted].filter(([key]) => !have.has(key)).map(([, entry]) => entry);
  return [
    ...gone.map(
      ({ link, mac }): Draft => ({ kind: 'removeStatic', link, mac, reason: 'its endpoint is gone', prune: true }),
    ),
    ...missing.map(({ link, mac }): Draft => ({ kind: 'replaceStatic', link, mac, reason: 'missing' })),
  ];
}

const keyOf = ({ link, mac }: ObservedStatic): string => `${link} ${mac}`;
