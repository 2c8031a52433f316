/** This host, as plans speak of it. */
import type { EndpointId, Ip, NodeAddress, NodeId } from '../values/types.js';

/** The part of the plan that is this host's own and not the cluster's. */
export interface Self {
  readonly id: NodeId;
  readonly address: NodeAddress;
  /** The cluster's UDP port for VXLAN. */
  readonly port: number;
  /** MTU of the advertised interface, bytes. */
  readonly mtu: number;
  /** Whether this host has the short way for networks; `undecided` until it is known whether it can. */
  readonly acceleration: 'on' | 'off' | 'undecided';
  /** Where the other hosts take VXLAN inside of the mesh that encrypts; a host that is none of it is missing. */
  readonly meshVteps: ReadonlyMap<NodeId, Ip>;
  /** Endpoints whose Join has been called: the engine is about to fetch their links. */
  readonly joined: ReadonlySet<EndpointId>;
  /** The namespace files of containers whose links the engine has fetched already. */
  readonly sandboxes: ReadonlyMap<EndpointId, string>;
}
