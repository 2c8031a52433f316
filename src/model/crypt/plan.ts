/** What the host's WireGuard mesh should look like: a pure function of the nodes, of its own keys and of who has answered. */
import { meshMtu } from '../plan/underlay.js';
import type { Ip, Node, NodeAddress, NodeId, PublicKey } from '../values/types.js';
import type { CryptPeer, CryptPlan, CryptRoute, ObservedCrypt, WireguardPlan } from './steps.js';
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
  /** Its host has others, or this host has: which of them work has to be found out. */
  readonly rotates: boolean;
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
      found.push({ node, key, vtep, endpoint, rotates: crypt.keys.length > 1 || keys.length > 1 });
    }
  }
  return found;
}

export function cryptPlan(nodes: Iterable<Node>, self: CryptSelf, proven: Proven): CryptPlan {
  const devices = self.keys.map(
    ({ key, port }): WireguardPlan => ({
      ...{ link: wireguardName(key), key, vtep: cryptVtep(key), port },
      mtu: meshMtu(self),
    }),
  );
  const keys = peerKeys(nodes, self);
  const isProven = (key: PublicKey): boolean => devices.every((device) => proven(device.key, key));
  return {
    devices,
    peers: keys.map(({ key, vtep, endpoint, rotates }) => ({
      ...{ key, vtep, endpoint },
      keepalive: self.keepalive === 0 && rotates && !isProven(key) ? PROVOKED : self.keepalive,
    })),
    routes: keys.flatMap(({ key, vtep }): CryptRoute[] => {
      const by = devices.findLast((device) => proven(device.key, key)) ?? devices[0];
      return by === undefined ? [] : [{ to: vtep, link: by.link, source: by.vtep }];
    }),
  };
}

/**
 * Where this host sends VXLAN to, by the other host: to its newest key that has answered, and to its oldest while none
 * has. A key that nobody can reach (its port is blocked, say) is never switched to.
 */
export function cryptVteps(nodes: Iterable<Node>, self: CryptSelf, proven: Proven): ReadonlyMap<NodeId, Ip> {
  const isProven = (key: PublicKey): boolean => self.keys.some((own) => proven(own.key, key));
  const found = new Map<NodeId, Ip>();
  for (const { node, key, vtep } of peerKeys(nodes, self)) if (!found.has(node) || isProven(key)) found.set(node, vtep);
  return found;
}
