/** The bridges' static FDB entries: which MAC is behind which port. Pure. */

import type { NamespacePlan } from '../plan/namespace-plan.js';
import type { ObservedStatic } from '../plan/observed.js';
import type { Draft } from '../plan/steps.js';
import type { Mac } from '../values/types.js';
import { ByLink } from './by-link.js';

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
  const wanted = new ByLink<true, Mac>();
  for (const { link, mac } of standing(entries)) wanted.set(link, mac, true);
  const have = new ByLink<true, Mac>();
  for (const { link, mac } of seen) if (!losing.has(link)) have.set(link, mac, true);
  const steps: Draft[] = [];
  have.forEach((_, link, mac) => {
    if (!wanted.get(link, mac))
      steps.push({ kind: 'removeStatic', link, mac: mac, reason: 'its endpoint is gone', prune: true });
  });
  wanted.forEach((_, link, mac) => {
    if (!have.get(link, mac)) steps.push({ kind: 'replaceStatic', link, mac: mac, reason: 'missing' });
  });
  return steps;
}

/** One port per MAC and bridge, as the bridge has it: of several the last. */
export function standing(entries: readonly StaticEntry[]): readonly StaticEntry[] {
  const byMac = new ByLink<StaticEntry>();
  for (const entry of entries) byMac.set(entry.bridge, entry.mac, entry);
  const all: StaticEntry[] = [];
  byMac.forEach((entry) => {
    all.push(entry);
  });
  return all;
}
