/** When one key of this host takes the place of another: nobody has to agree, each host finds out by handshakes. Pure. */
import type { Ip, Node, NodeId, PublicKey } from '../values/types.js';
import { type CryptSelf, cryptVteps, type OwnKey, type Proven } from './plan.js';
import { hasSession } from './session.js';
import type { ObservedCrypt } from './steps.js';
import { cryptVtep } from './vtep.js';

/** A lost handshake is tried again after 5 s (REKEY_TIMEOUT of WireGuard): several of them, ms. */
const TRIES_MS = 30_000;

export interface RotationMoment {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** For how long the hosts have been tried by both keys. */
  readonly triedMs: number;
}

/**
 * The hosts that the oldest of this host's two keys is still needed for: those that are not sent to by the newest. That
 * it has answered one of a host's keys is not enough, for another of these may be the one in use. Who has answered neither
 * after several tries is reached by neither; but while nobody at all has answered the newest, it may be that which is wrong.
 */
export function needing(
  nodes: readonly Node[],
  self: CryptSelf,
  found: ObservedCrypt,
  proven: Proven,
  { now, triedMs }: RotationMoment,
): readonly NodeId[] {
  const [old, next] = self.keys;
  if (old === undefined || next === undefined) return [];
  const sessions = found.devices.find((d) => d.key === old.key)?.peers.filter((p) => hasSession(p, now)) ?? [];
  const talking = new Set(sessions.map((p) => p.key));
  const vteps = cryptVteps(nodes, self, proven);
  const hasAnswered = ({ key }: OwnKey, { crypt }: Node): boolean =>
    crypt?.keys.some((k) => proven(key, k.key)) ?? false;
  const isSilenceKnown = triedMs >= TRIES_MS && nodes.some((node) => hasAnswered(next, node));
  return nodes
    .filter((node) => {
      const { id, alive, crypt } = node;
      const vtep = vteps.get(id);
      if (vtep === undefined || crypt === undefined) return false;
      const theirs = crypt.keys.map((k) => k.key);
      // One that is cut off from the store is no less talked to.
      const counts = (alive && (hasAnswered(old, node) || !isSilenceKnown)) || theirs.some((key) => talking.has(key));
      return counts && !theirs.some((key) => cryptVtep(key) === vtep && proven(next.key, key));
    })
    .map((node) => node.id);
}

/** What has come by the device of a key so far, by peer, bytes. */
export const receivedBy = (found: ObservedCrypt, key: PublicKey): ReadonlyMap<PublicKey, number> =>
  new Map(found.devices.find((d) => d.key === key)?.peers.map((p) => [p.key, p.received]));

/** Whether anything has come since `before`. A peer that has gone takes its count along, which says nothing. */
export const hasMore = (before: ReadonlyMap<PublicKey, number>, now: ReadonlyMap<PublicKey, number>): boolean =>
  [...now].some(([peer, bytes]) => bytes > (before.get(peer) ?? 0));

/**
 * Whether another host has one of this host's keys or addresses and keeps it: the first by its id does, on every host
 * alike. That is a copy of DATA_DIR, a forger, or one chance in millions.
 */
export function isTaken(nodes: Iterable<Node>, { id, keys }: CryptSelf): boolean {
  const own = new Set<Ip>(keys.map(({ key }) => cryptVtep(key)));
  return [...nodes].some((node) => node.id < id && (node.crypt?.keys ?? []).some(({ key }) => own.has(cryptVtep(key))));
}
