/** The VXLAN devices' entries: a neighbour for each remote address, a VTEP for each remote MAC. Pure. */

import type { NamespacePlan } from '../plan/namespace-plan.js';
import type { ObservedFdb, ObservedNamespace, ObservedNeighbour } from '../plan/observed.js';
import type { Draft } from '../plan/steps.js';
import { UNKNOWN_MAC } from '../values/names.js';
import { ByLink } from './by-link.js';

/** A remade VXLAN device has lost its entries with the old one. */
export function neighbourSteps(
  wanted: NamespacePlan,
  seen: Pick<ObservedNamespace, 'neighbours'>,
  remade: ReadonlySet<string>,
): readonly Draft[] {
  const plan = new ByLink<ObservedNeighbour>();
  for (const p of wanted.peers) plan.set(p.vxlan, p.ip, { link: p.vxlan, ip: p.ip, mac: p.mac });
  const have = new ByLink<ObservedNeighbour>();
  for (const n of seen.neighbours) if (!remade.has(n.link)) have.set(n.link, n.ip, n);
  const steps: Draft[] = [];
  have.forEach((n, link, ip) => {
    if (plan.get(link, ip) === undefined)
      steps.push({ kind: 'removeNeighbour', ...n, reason: 'its endpoint is gone', prune: true });
  });
  plan.forEach((p, link, ip) => {
    const old = have.get(link, ip);
    if (old?.mac === p.mac) return;
    const reason = old === undefined ? 'missing' : `MAC is ${old.mac}`;
    steps.push({ kind: 'replaceNeighbour', ...p, reason });
  });
  return steps;
}

export function fdbSteps(
  wanted: NamespacePlan,
  seen: Pick<ObservedNamespace, 'fdb'>,
  remade: ReadonlySet<string>,
): readonly Draft[] {
  const plan = new ByLink<ObservedFdb>();
  for (const f of fdbOf(wanted)) plan.set(f.link, fdbKey(f), f);
  const have = new ByLink<ObservedFdb>();
  for (const f of seen.fdb) if (!remade.has(f.link)) have.set(f.link, fdbKey(f), f);
  const steps: Draft[] = [];
  plan.forEach(({ link, mac, vtep }, _, key) => {
    const old = have.get(link, key);
    if (old?.vtep === vtep) return;
    const reason = old === undefined ? 'missing' : `VTEP is ${old.vtep}`;
    steps.push({ kind: 'replaceFdb', link, mac, vtep, reason });
  });
  // After them: a host whose VTEP is another one now gets what is for many all the while.
  have.forEach(({ link, mac, vtep }, _, key) => {
    if (plan.get(link, key) === undefined)
      steps.push({ kind: 'removeFdb', link, mac, vtep, reason: 'its endpoint is gone', prune: true });
  });
  return steps;
}

/** What a plan has in the VXLAN devices' own FDBs. */
export const fdbOf = ({ peers, floods }: NamespacePlan): readonly ObservedFdb[] => [
  ...peers.map(({ vxlan, mac, vtep }) => ({ link: vxlan, mac, vtep })),
  ...floods.map(({ vxlan, vtep }) => ({ link: vxlan, mac: UNKNOWN_MAC, vtep })),
];

/** A MAC is behind one VTEP; what nobody knows is sent to all of them. */
const fdbKey = ({ mac, vtep }: ObservedFdb): string => (mac === UNKNOWN_MAC ? `${mac} ${vtep}` : mac);
