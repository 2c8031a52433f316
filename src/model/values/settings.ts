/** What people may set of a host, as all of tsoverlay speaks of it. */
import type { Cidr, NodeAddress } from './types.js';

/** Where pools are cut from that nobody named: `base` is divided into subnets of prefix length `size`. */
export interface PoolSource {
  readonly base: Cidr;
  readonly size: number;
}

/** How docker_gwbridge should be; one that is there already keeps its subnet. */
export interface GwbridgeWish {
  readonly subnet?: Cidr;
  /** Bytes; `underlay`: as the underlay's; `keep`: whatever it has. */
  readonly mtu: number | 'underlay' | 'keep';
}

/**
 * What of VXLAN's port is looked at: `incoming` only where VXLAN comes from, for hosts that route other VXLAN hosts and for
 * underlays on which answers take another way.
 */
export type GuardMode = 'on' | 'incoming' | 'off';

/** Whether networks get the short way where this host can, see docs/acceleration.md. */
export type AccelerateMode = 'auto' | 'off';
/** Of networks that are created here: those that ask for it are encrypted, all that do not refuse it, or all. */
export type EncryptionMode = 'off' | 'on' | 'required';

/** What a host is told about the mesh that encrypts. */
export interface EncryptionSettings {
  readonly mode: EncryptionMode;
  /** How old a key gets, ms; 0: as old as it likes. */
  readonly rotationMs: number;
  /** Where the others reach this host, if not at its address; `port`: what stands there for the first of its ports. */
  readonly endpoint?: { readonly address: NodeAddress; readonly port?: number };
  /** The first of two UDP ports. */
  readonly port: number;
  /** Seconds; 0: none. */
  readonly keepalive: number;
}
