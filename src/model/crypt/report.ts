/** What a host has of its mesh, for people. Pure. */
import type { EncryptionMode } from '../values/settings.js';
import type { Node, NodeAddress, PublicKey } from '../values/types.js';
import { type CryptSelf, provenBy } from './plan.js';
import { needing, type RotationMoment } from './rotation.js';
import { hasSession } from './session.js';
import type { ObservedCrypt } from './steps.js';

/** Times are ms since 1970. */
export interface MeshReport {
  readonly mode: EncryptionMode;
  /** How old a key gets, ms; 0: as old as it likes. */
  readonly rotationMs: number;
  /** Whether there is a mesh. */
  readonly isUp: boolean;
  /** Of this host; the newest, made at `made`, is the last. Empty on a host that never needed one. */
  readonly keys: readonly { readonly key: PublicKey; readonly port: number }[];
  readonly made: number;
  /** The hosts that the first of two keys is still needed for. */
  readonly waiting: readonly NodeAddress[];
  readonly peers: readonly PeerReport[];
}

/** Another host. */
export interface PeerReport {
  readonly address: NodeAddress;
  readonly alive: boolean;
  /** False: it has no key, so nothing of an encrypted network is sent to it. */
  readonly hasKey: boolean;
  /** The last with any of its keys; absent: there was none. */
  readonly handshake?: number;
  /** What was agreed on then is still of use. */
  readonly talks: boolean;
}

export interface MeshFacts
  extends Pick<MeshReport, 'isUp' | 'made' | 'mode' | 'rotationMs'>,
    Pick<RotationMoment, 'triedMs'> {}

/** `now`: ms since 1970. */
export function meshReport(
  nodes: readonly Node[],
  self: CryptSelf,
  found: ObservedCrypt | undefined,
  { triedMs, ...facts }: MeshFacts,
  now: number = Date.now(),
): MeshReport {
  const seen = (found?.devices ?? []).flatMap((device) => device.peers);
  const addressOf = new Map(nodes.map((node) => [node.id, node.address]));
  const waiting = found === undefined ? [] : needing(nodes, self, found, provenBy(found), { now, triedMs });
  return {
    ...facts,
    keys: self.keys.map(({ key, port }) => ({ key, port })),
    waiting: waiting.flatMap((id) => addressOf.get(id) ?? []),
    peers: nodes
      .filter((node) => node.id !== self.id)
      .map(({ address, alive, crypt }): PeerReport => {
        const theirs = new Set(crypt?.keys.map(({ key }) => key));
        const shaken = seen.filter((peer) => theirs.has(peer.key));
        const handshake = Math.max(...shaken.map((peer) => peer.handshake ?? 0));
        return {
          ...{ address, alive, hasKey: crypt !== undefined, talks: shaken.some((peer) => hasSession(peer, now)) },
          ...(handshake > 0 ? { handshake } : {}),
        };
      }),
  };
}
