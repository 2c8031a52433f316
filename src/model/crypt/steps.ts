/**
 * The host's WireGuard mesh as it should be (Plan), as it was found (Observed), and the steps between the two. All of it
 * is in a namespace that has nothing else, but for the sockets of the devices, which are the host's.
 */
import type { Ip, PublicKey } from '../values/types.js';

export interface CryptEndpoint {
  readonly address: Ip;
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
  readonly strays: readonly string[];
  readonly routes: readonly CryptRoute[];
  /** What comes in by one device is not sent on by another, nor back. */
  readonly forwards: boolean;
  /** Its file is not mounted any more; we alone keep it. */
  readonly unmounted?: true;
}

interface StepBase {
  /** Why it is needed, for the log. */
  readonly reason: string;
  /** It takes away what nobody wants any more: only under a wish that came from the store itself. */
  readonly prune?: true;
}

export type CryptStep = StepBase &
  (
    | { readonly kind: 'createCrypt' }
    | { readonly kind: 'mountCrypt' }
    | { readonly kind: 'removeCrypt' }
    | { readonly kind: 'stopForwarding' }
    /** Born from the host's socket; down, with its key and port. */
    | { readonly kind: 'createWireguard'; readonly device: WireguardPlan }
    | { readonly kind: 'setWireguard'; readonly device: WireguardPlan }
    | { readonly kind: 'removeCryptLink'; readonly link: string }
    | { readonly kind: 'setCryptMtu'; readonly link: string; readonly mtu: number }
    | { readonly kind: 'setCryptUp'; readonly link: string }
    | { readonly kind: 'addVtep'; readonly link: string; readonly vtep: Ip }
    /** `placed`: keys whose endpoints are set too; those of the others stay where they have roamed to. */
    | {
        readonly kind: 'putPeers';
        readonly link: string;
        readonly peers: readonly CryptPeer[];
        readonly placed: ReadonlySet<PublicKey>;
      }
    | { readonly kind: 'removePeers'; readonly link: string; readonly keys: readonly PublicKey[] }
    | { readonly kind: 'replaceCryptRoutes'; readonly routes: readonly CryptRoute[] }
    | { readonly kind: 'removeCryptRoutes'; readonly to: readonly Ip[] }
  );
