/**
 * The probe network: one VXLAN device in a namespace of its own, through which hosts find out how they reach each other.
 * A host has in there the address that it has on the underlay, so that nothing is to be agreed on. The way to a peer is
 * there only while somebody probes it: what nobody uses costs nothing for each host of the cluster. Pure.
 */
import { createHash } from 'node:crypto';
import { withinVxlan } from '../plan/underlay.js';
import { familyOf } from '../values/address.js';
import { macText } from '../values/mac.js';
import { PROBE_VNI } from '../values/names.js';
import type { Cluster, Ip, Mac, NodeAddress } from '../values/types.js';
import type { HostStep } from './host-steps.js';
import { OFF, type Off } from './standing.js';

export interface ProbeDevice {
  readonly address: NodeAddress;
  /** Bytes. */
  readonly mtu: number;
  /** The cluster's UDP port for VXLAN. */
  readonly port: number;
}

export interface ProbePlan extends ProbeDevice {
  /** Those to whom there is a way. */
  readonly peers: ReadonlySet<NodeAddress>;
}

export interface ObservedProbe {
  /** Undefined without one that is up and has its address. */
  readonly device: ProbeDevice | undefined;
  /** Addresses to which there is a route, a neighbour and an FDB entry as we make them; false where not all three are. */
  readonly ways: ReadonlyMap<Ip, boolean>;
}

/** Of a host's device: each knows that of any other without being told. */
export const probeMac = (address: string): Mac =>
  macText(`0e${createHash('sha256').update(address).digest('hex').slice(0, 10)}`);

/** The least that IPv6 runs in (RFC 8200 section 5), and what any datagram of ours needs, bytes. */
const LEAST_MTU = { 4: 576, 6: 1280 } as const;

export interface ProbeSurroundings {
  readonly self: NodeAddress;
  /** UDP, of VXLAN. */
  readonly port: number;
  /** Of the advertised interface, bytes. */
  readonly underlayMtu: number;
  readonly nodes: Cluster['nodes'];
  readonly networks: Cluster['networks'];
}

/** Those that this host can send to: other nodes of its family. */
export const othersOf = ({ self, nodes }: Pick<ProbeSurroundings, 'nodes' | 'self'>): ReadonlySet<NodeAddress> =>
  new Set([...nodes.values()].map((n) => n.address).filter((a) => a !== self && familyOf(a) === familyOf(self)));

/** Why this host has no probe network, as the end of a sentence; undefined when it is to have one. */
export function probeTrouble(around: ProbeSurroundings): string | undefined {
  const { self, underlayMtu, networks } = around;
  if (othersOf(around).size === 0) return 'the cluster has no other host of its IP family';
  // An older release gave the id to whoever asked for it.
  const taker = [...networks.values()].find(({ subnets }) => subnets.some(({ vni }) => vni === PROBE_VNI));
  if (taker !== undefined)
    return `network ${taker.announced?.name ?? taker.id.slice(0, 12)} has VXLAN id ${PROBE_VNI}, which probes need; make that network anew with another id`;
  const least = LEAST_MTU[familyOf(self)];
  const mtu = withinVxlan(underlayMtu, self);
  return mtu < least ? `an MTU of ${underlayMtu} leaves ${mtu} bytes, and probes need ${least}` : undefined;
}

/** `wanted`: who is probed now; those that are no nodes are left out. */
export function planProbe(around: ProbeSurroundings, wanted: Iterable<NodeAddress>): ProbePlan | Off {
  if (probeTrouble(around) !== undefined) return OFF;
  const { self: address, port, underlayMtu } = around;
  const others = othersOf(around);
  const peers = new Set([...wanted].filter((peer) => others.has(peer)));
  return { address, port, mtu: withinVxlan(underlayMtu, address), peers };
}

export function probeSteps(wanted: ProbePlan | Off, found: ObservedProbe | undefined): readonly HostStep[] {
  if (wanted === OFF) return found === undefined ? [] : [{ kind: 'removeProbe', reason: 'not wanted', prune: true }];
  const { address, mtu, port } = wanted;
  const reason = difference(wanted, found);
  // The ways go with the device.
  const ways = reason === undefined ? (found?.ways ?? new Map<Ip, boolean>()) : new Map<Ip, boolean>();
  const missing = [...wanted.peers].filter((peer) => ways.get(peer) !== true);
  const peers: ReadonlySet<Ip> = wanted.peers;
  const left = [...ways.keys()].filter((peer) => !peers.has(peer));
  return [
    ...(reason === undefined ? [] : [{ kind: 'createProbe' as const, address, mtu, port, reason }]),
    ...(missing.length === 0 ? [] : [{ kind: 'openProbe' as const, peers: missing, reason: 'somebody probes' }]),
    ...(left.length === 0 ? [] : [{ kind: 'closeProbe' as const, peers: left, reason: 'nobody probes any more' }]),
  ];
}

function difference(wanted: ProbeDevice, found: ObservedProbe | undefined): string | undefined {
  if (found === undefined) return 'missing';
  const { device } = found;
  if (device === undefined) return 'no device that is up';
  if (device.address !== wanted.address) return `address is ${device.address}`;
  if (device.mtu !== wanted.mtu) return `MTU is ${device.mtu}`;
  return device.port === wanted.port ? undefined : `port is ${device.port}`;
}
