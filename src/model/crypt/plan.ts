/** What the host's WireGuard mesh should look like: a pure function of the nodes, of its own keys and of who has answered. */
import { isDeepStrictEqual } from 'node:util';
import { meshMtu } from '../plan/underlay.js';
import type { Ip, Node, NodeAddress, NodeId, PublicKey } from '../values/types.js';
import { hasSession } from './session.js';
import type { CryptPeer, CryptPlan, CryptRoute, CryptStep, ObservedCrypt, WireguardPlan } from './steps.js';
import { cryptVtep, wireguardName } from './vtep.js';

/** While a key has not answered yet, seconds: setting it provokes a handshake, and a lost one is tried again. */
const PROVOKED = 25;

export interface OwnKey {
  readonly key: PublicKey;
  /** UDP, on the host. */
  readonly port: number;
}

export interface CryptSelf {
  readonly id: NodeId;
  /** Decides the overhead. */
  readonly address: NodeAddress;
  /** Of the underlay, bytes. */
  readonly mtu: number;
  /** The newest last. */
  readonly keys: readonly OwnKey[];
  /** Seconds; 0: none. */
  readonly keepalive: number;
}

/** Which pairs of an own key and a peer's have shaken hands, by the device. */
export type Proven = (own: PublicKey, peer: PublicKey) => boolean;

export function provenBy(found: ObservedCrypt | undefined): Proven {
  const pairs = new Set(
    (found?.devices ?? []).flatMap(({ key, peers }) =>
      peers.filter((p) => p.handshake !== undefined).map((p) => `${key} ${p.key}`),
    ),
  );
  return (own, peer) => pairs.has(`${own} ${peer}`);
}

/** A key of another host, and who that is. */
interface PeerKey {
  readonly node: NodeId;
  readonly key: PublicKey;
  readonly vtep: Ip;
  readonly endpoint: CryptPeer['endpoint'];
  /**
   * This host asks it for a handshake until it has answered. Which of several keys work has to be found out. And of two
   * hosts one begins before anybody waits for it: where both do, within a round trip, their handshakes cross, neither
   * counts, and what is sent meanwhile waits for five seconds (REKEY_TIMEOUT of WireGuard).
   */
  readonly isAsked: boolean;
}

/**
 * The keys of the other hosts. Two that would be one address, or one key, are no accident: the first by the ids of the
 * hosts has it, on every host alike, and none of this host's own is anybody else's.
 */
function peerKeys(nodes: Iterable<Node>, { id, keys }: CryptSelf): readonly PeerKey[] {
  const taken = new Set<string>(keys.map(({ key }) => cryptVtep(key)));
  const found: PeerKey[] = [];
  for (const { id: node, address, crypt } of [...nodes].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    if (node === id || crypt === undefined) continue;
    for (const { key, port } of crypt.keys) {
      const vtep = cryptVtep(key);
      if (taken.has(vtep)) continue;
      taken.add(vtep);
      const endpoint = { address: crypt.endpoint ?? address, port };
      found.push({ node, key, vtep, endpoint, isAsked: id < node || crypt.keys.length > 1 || keys.length > 1 });
    }
  }
  return found;
}

/** What is remembered, and known by the way. */
export interface CryptMoment {
  /** Where the kernel was told by this process that they are. */
  readonly told?: readonly CryptPeer[];
  readonly found?: ObservedCrypt;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly prunes: boolean;
}

export function cryptPlan(nodes: Iterable<Node>, self: CryptSelf, proven: Proven, moment: CryptMoment): CryptPlan {
  const devices = self.keys.map(
    ({ key, port }): WireguardPlan => ({
      ...{ link: wireguardName(key), key, vtep: cryptVtep(key), port },
      mtu: meshMtu(self),
    }),
  );
  const keys = peerKeys(nodes, self);
  const left = leftKeys(keys, self, proven);
  const isProven = (key: PublicKey): boolean => devices.every((device) => proven(device.key, key));
  const peers = keys.map(({ key, vtep, endpoint, isAsked }) => {
    const keepalive = self.keepalive === 0 && isAsked && !isProven(key) ? PROVOKED : self.keepalive;
    return { key, vtep, endpoint, keepalive: left.has(key) ? 0 : keepalive };
  });
  return {
    devices,
    peers,
    moved: movedPeers(peers, moment),
    prunes: moment.prunes,
    routes: keys.flatMap(({ key, vtep }): CryptRoute[] => {
      const by = devices.findLast((device) => proven(device.key, key)) ?? devices[0];
      return by === undefined ? [] : [{ to: vtep, link: by.link, source: by.vtep }];
    }),
  };
}

/**
 * Those whose record says another place than the kernel was told. Of what an earlier process was told nothing is known:
 * while a session lives, the peer has roamed, or is where it was; what it says itself is right.
 */
function movedPeers(peers: readonly CryptPeer[], { told = [], found, now }: CryptMoment): ReadonlySet<PublicKey> {
  const had = new Map(told.map((p) => [p.key, p]));
  const sessions = (found?.devices ?? []).flatMap((d) => d.peers).filter((p) => hasSession(p, now));
  const alive = new Set(sessions.map((p) => p.key));
  const isMoved = ({ key, endpoint }: CryptPeer): boolean => {
    const last = had.get(key);
    return last === undefined ? !alive.has(key) : !isDeepStrictEqual(last.endpoint, endpoint);
  };
  return new Set(peers.filter(isMoved).map((p) => p.key));
}

/**
 * Where the kernel has been told that peers are, by steps to a plan of which these are not done. Whatever else has failed
 * since: who is told again is looked for where he was, and may have roamed meanwhile.
 */
export function toldPeers(
  { peers }: Pick<CryptPlan, 'peers'>,
  undone: readonly CryptStep<'putPeers'>[],
  before: readonly CryptPeer[],
): readonly CryptPeer[] {
  const untold = new Set(undone.flatMap((step) => step.peers.map((p) => p.key)));
  return [...peers.filter((p) => !untold.has(p.key)), ...before.filter((p) => untold.has(p.key))];
}

/**
 * Where this host sends VXLAN to, by the other host: to its newest key that has answered, and to its oldest while none
 * has. A key that nobody can reach (its port is blocked, say) is never switched to.
 */
export const cryptVteps = (nodes: Iterable<Node>, self: CryptSelf, proven: Proven): ReadonlyMap<NodeId, Ip> =>
  usedVteps(peerKeys(nodes, self), self, proven);

function usedVteps(keys: readonly PeerKey[], self: CryptSelf, proven: Proven): ReadonlyMap<NodeId, Ip> {
  const isProven = (key: PublicKey): boolean => self.keys.some((own) => proven(own.key, key));
  const found = new Map<NodeId, Ip>();
  for (const { node, key, vtep } of keys) if (!found.has(node) || isProven(key)) found.set(node, vtep);
  return found;
}

/**
 * Those whose host is sent to by a newer one. Their host waits for silence there, and what only keeps a way open, or asks
 * for a handshake, is no silence.
 */
function leftKeys(keys: readonly PeerKey[], self: CryptSelf, proven: Proven): ReadonlySet<PublicKey> {
  const used = usedVteps(keys, self, proven);
  const passed = new Set<NodeId>();
  const left = new Set<PublicKey>();
  for (const { node, key, vtep } of [...keys].reverse()) {
    if (passed.has(node)) left.add(key);
    if (used.get(node) === vtep) passed.add(node);
  }
  return left;
}
