/**
 * The host's WireGuard mesh as it should be (Plan), as it was found (Observed), and the steps between the two. All of it
 * is in a namespace that has nothing else, but for the sockets of the devices, which are the host's.
 */
import type { StepFrom } from '../plan/steps.js';
import type { Ip, NodeAddress, PublicKey } from '../values/types.js';

export interface CryptEndpoint {
  readonly address: Ip | NodeAddress;
  /** UDP. */
  readonly port: number;
}

/** Another host's key, on each device of this host. */
export interface CryptPeer {
  readonly key: PublicKey;
  /** The only address that it may send from, and is sent to. */
  readonly vtep: Ip;
  /** Where it is as its record says; it may have roamed since. */
  readonly endpoint: CryptEndpoint;
  /** Seconds; 0: none. */
  readonly keepalive: number;
}

/**
 * What is set of a peer. What is absent stays: the endpoint where the peer has roamed to, and the address, for the kernel
 * has none for a moment when it replaces the one by the same, and drops what comes or goes in it.
 */
export type PeerChange = Pick<CryptPeer, 'key' | 'keepalive'> & Partial<Pick<CryptPeer, 'vtep' | 'endpoint'>>;

/** One of this host's own keys. */
export interface WireguardPlan {
  readonly link: string;
  readonly key: PublicKey;
  readonly vtep: Ip;
  /** UDP, on the host. */
  readonly port: number;
  /** Bytes. */
  readonly mtu: number;
}

/** By which of the host's devices, and from which of its addresses, a peer's address is sent to. */
export interface CryptRoute {
  readonly to: Ip;
  readonly link: string;
  readonly source: Ip;
}

export interface CryptPlan {
  /** The oldest first. */
  readonly devices: readonly WireguardPlan[];
  /** The same on each device. */
  readonly peers: readonly CryptPeer[];
  readonly routes: readonly CryptRoute[];
  /** Peers that are to be found where their records say now, wherever the kernel has them. */
  readonly moved: ReadonlySet<PublicKey>;
  /** False: what is there and nobody wants stays, for the wish did not come from the store itself. */
  readonly prunes: boolean;
}

export interface ObservedPeer {
  readonly key: PublicKey;
  readonly endpoint?: CryptEndpoint;
  /** Seconds. */
  readonly keepalive: number;
  /** When the last handshake was, ms since 1970; absent: there was none. */
  readonly handshake?: number;
  /** Bytes. */
  readonly received: number;
  /** CIDRs. */
  readonly allowed: readonly string[];
}

export interface ObservedWireguard {
  readonly link: string;
  readonly up: boolean;
  /** Bytes. */
  readonly mtu: number;
  readonly addresses: readonly string[];
  /** Absent on a device that has no private key yet. */
  readonly key?: PublicKey;
  readonly port: number;
  readonly peers: readonly ObservedPeer[];
}

export interface ObservedCrypt {
  readonly devices: readonly ObservedWireguard[];
  /** Links that are no WireGuard devices, but lo. */
  readonly strays: readonly { readonly link: string; readonly up: boolean }[];
  readonly routes: readonly CryptRoute[];
  /** What comes in by one device is not sent on by another nor back, and is taken whichever way the answer goes. */
  readonly quiet: boolean;
  /** Its file is not mounted any more; we alone keep it. */
  readonly unmounted?: true;
}

export interface ObservedMesh {
  /** The kernel has WireGuard. */
  readonly isPossible: boolean;
  /** Absent when there is none. */
  readonly mesh?: ObservedCrypt;
}

type Nothing = Readonly<Record<never, never>>;

interface OfLink {
  readonly link: string;
}

/** Kind of step to its arguments. */
export interface CryptStepArgs {
  createCrypt: Nothing;
  /** Back on the file that somebody unmounted. */
  mountCrypt: Nothing;
  removeCrypt: Nothing;
  quietMesh: Nothing;
  /** Born from the host's socket; down, with its key and port. */
  createWireguard: { readonly device: WireguardPlan };
  setWireguard: { readonly device: WireguardPlan };
  removeCryptLink: OfLink;
  setCryptMtu: OfLink & { readonly mtu: number };
  setCryptUp: OfLink;
  /** Of what is no WireGuard device, whose ways go with it. */
  setCryptDown: OfLink;
  addVtep: OfLink & { readonly vtep: Ip };
  putPeers: OfLink & { readonly peers: readonly PeerChange[] };
  removePeers: OfLink & { readonly keys: readonly PublicKey[] };
  replaceCryptRoutes: { readonly routes: readonly CryptRoute[] };
  removeCryptRoutes: { readonly to: readonly Ip[] };
}

export type CryptStepKind = keyof CryptStepArgs;
export type CryptStep<K extends CryptStepKind = CryptStepKind> = StepFrom<CryptStepArgs, K>;
