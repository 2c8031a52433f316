/**
 * docker_gwbridge, which the engine makes once, with MTU 1500, and never looks at again: fit for the underlay, beside our
 * networks, and made anew when somebody removes it under its containers. Pure.
 */
import type { Notice } from '../diff/drift.js';
import { gwbridgeSubnet } from '../values/gwbridge-subnet.js';
import type { GwbridgeWish } from '../values/settings.js';
import type { Cidr, Mac, Network } from '../values/types.js';
import type { HostStep } from './host-steps.js';

export interface Gwbridge {
  readonly mac: Mac;
  readonly mtu: number;
  readonly up: boolean;
  readonly addresses: readonly Cidr[];
  /** Indexes of its ports, the host's ends of the containers' cards. */
  readonly ports: readonly number[];
}

export interface ObservedGwbridge {
  readonly bridge?: Gwbridge;
  /** Indexes of the links that are no bridge's port. */
  readonly loose: ReadonlySet<number>;
}

export interface GwbridgePlan {
  /** Bytes; `keep`: whatever it has. */
  readonly mtu: number | 'keep';
  /** For a host that has none; absent where the engine's own choice will do. */
  readonly subnet?: Cidr;
  /** As it was before somebody removed it, with those of its ports that stand and are nobody's yet. */
  readonly lost?: Gwbridge;
}

/** What is remembered from look to look. */
export interface GwbridgeMemory {
  readonly last?: Gwbridge;
  /** It is gone, or back without all of its ports. */
  readonly isLost: boolean;
}

/** A bridge that somebody made again is as it was when it was seen last, until its ports are back. */
export function remember(before: GwbridgeMemory, found: ObservedGwbridge): GwbridgeMemory {
  if (found.bridge === undefined) return { ...before, isLost: before.last !== undefined };
  if (before.isLost && before.last !== undefined && orphans(before.last, found).length > 0) return before;
  return { last: found.bridge, isLost: false };
}

/** Without any port left the engine itself has removed it (`docker network rm` works on an empty one only). */
const orphans = ({ ports }: Gwbridge, { loose }: ObservedGwbridge): readonly number[] =>
  ports.filter((port) => loose.has(port));

export interface GwbridgeSurroundings {
  readonly wish: GwbridgeWish;
  /** Of the advertised interface, bytes. */
  readonly underlayMtu: number;
  /** This host's networks and routes. */
  readonly routes: readonly Cidr[];
  readonly networks: Iterable<Network>;
}

export function planGwbridge(
  { wish, underlayMtu, routes, networks }: GwbridgeSurroundings,
  { last, isLost }: GwbridgeMemory,
  found: ObservedGwbridge,
): GwbridgePlan {
  const mtu = wish.mtu === 'underlay' ? underlayMtu : wish.mtu;
  const ports = last === undefined ? [] : orphans(last, found);
  if (last !== undefined && isLost && ports.length > 0) return { mtu, lost: { ...last, ports } };
  const subnet = found.bridge === undefined ? (wish.subnet ?? gwbridgeSubnet(networks, routes)) : undefined;
  return { mtu, ...(subnet === undefined ? {} : { subnet }) };
}

export function gwbridgeSteps({ mtu, subnet, lost }: GwbridgePlan, { bridge }: ObservedGwbridge): readonly HostStep[] {
  if (lost !== undefined) return restoration(lost, bridge);
  if (bridge === undefined)
    return subnet === undefined ? [] : [{ kind: 'requestGwbridge', subnet, reason: 'the engine would choose another' }];
  const wanted = mtu === 'keep' ? bridge.mtu : mtu;
  if (bridge.mtu === wanted && bridge.up) return [];
  const reason = bridge.up ? `MTU is ${bridge.mtu}` : 'down';
  return [{ kind: 'fitGwbridge', mtu: wanted, was: bridge.mtu, reason }];
}

/** The same MAC: the containers have it in their neighbour tables. Ports last, for while one is loose it is lost. */
function restoration(lost: Gwbridge, bridge: Gwbridge | undefined): readonly HostStep[] {
  const addresses = lost.addresses.filter((address) => bridge?.addresses.includes(address) !== true);
  const reason = 'somebody removed docker_gwbridge';
  return [
    ...(bridge === undefined ? [{ kind: 'createGwbridge' as const, mtu: lost.mtu, mac: lost.mac, reason }] : []),
    ...addresses.map((address): HostStep => ({ kind: 'addGwbridgeAddress', address, reason })),
    ...lost.ports.map((port): HostStep => ({ kind: 'enslaveToGwbridge', port, reason })),
  ];
}

/** Whether news of the kernel mean that it is not as planned. */
export const isGwbridgeDamage = ({ mtu }: GwbridgePlan, notices: readonly Notice[]): boolean =>
  notices.some(
    (n) => n.kind === 'lost' || (n.kind === 'link' && (n.gone || !n.up || (mtu !== 'keep' && n.mtu !== mtu))),
  );
