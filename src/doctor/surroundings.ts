/** What checks may look at. What takes asking is asked once, when the first check wants it, and rejects where it cannot be had. */
import type { Probed } from '../model/probe/passage.js';
import type { Endpoint, Network, Node, NodeAddress } from '../model/values/types.js';
import type { ServerLook } from './looks/consul.js';
import type { EngineLook } from './looks/engine.js';
import type { Proc } from './looks/proc.js';
import type { UnderlayLook } from './looks/underlay.js';

export interface ClusterLook {
  readonly nodes: readonly Node[];
  readonly networks: readonly Network[];
  readonly endpoints: readonly Endpoint[];
  /** One sentence for each record that cannot be read. */
  readonly unreadable: readonly string[];
  /** One sentence while records are written in an older version than this release's. */
  readonly versions: readonly string[];
  /** Addresses that are held and that nobody uses. */
  readonly leaked: number;
}

/** A status row that is not ok. */
export interface RowLook {
  readonly code: string;
  readonly subject: string;
  readonly text: string;
  readonly cure: string;
  readonly severity: 'high' | 'medium' | 'low';
}

export interface Surroundings {
  /** This host's address for the others. */
  readonly self: NodeAddress;
  /** UDP, of VXLAN. */
  readonly port: number;
  readonly proc: Proc;
  /** CLUSTER_ADVERTISE as it was typed; what there is to choose from where it is empty. */
  readonly advertise: { readonly asked: string; readonly candidates: readonly string[] };
  /** GWBRIDGE_MTU wants another MTU than the underlay's. */
  readonly isGwbridgeMtuChosen: boolean;
  /** SCOPE as it was typed. */
  readonly scope: 'auto' | 'local' | 'global';
  /** Of the process that serves; undefined where none does. */
  pid(): Promise<number | undefined>;
  /** Rejects with one sentence that says that nobody serves, and since when. */
  rows(): Promise<readonly RowLook[]>;
  underlay(): Promise<UnderlayLook>;
  /** None with the embedded store. */
  consul(): Promise<readonly ServerLook[]>;
  cluster(): Promise<ClusterLook>;
  engine(): Promise<EngineLook>;
  /** Of the way to each host that lives. */
  probes(): Promise<readonly Probed[]>;
}
