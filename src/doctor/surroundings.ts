/** What checks may look at. What takes asking is asked once, when the first check wants it, and rejects where it cannot be had. */
import { UserError } from '../errors.js';
import type { Probed } from '../model/probe/passage.js';
import type { GuardMode } from '../model/values/settings.js';
import type { Endpoint, Network, Node, NodeAddress } from '../model/values/types.js';
import type { ConnectionsLook } from './looks/connections.js';
import type { ServerLook } from './looks/consul.js';
import type { EngineLook } from './looks/engine.js';
import type { FirewallLook } from './looks/firewall.js';
import type { NamesLook } from './looks/names.js';
import type { Proc } from './looks/proc.js';
import type { SourceNatLook } from './looks/source-nat.js';
import type { UnderlayLook } from './looks/underlay.js';

export interface ClusterLook {
  readonly nodes: readonly Node[];
  readonly networks: readonly Network[];
  readonly endpoints: readonly Endpoint[];
  /** One sentence for each record that cannot be read. */
  readonly unreadable: readonly string[];
  /** One sentence while records are written in an older version than this release's. */
  readonly versions: readonly string[];
}

/** A status row that is not ok. */
export interface RowLook {
  readonly code: string;
  readonly subject: string;
  readonly text: string;
  readonly cure: string;
  readonly severity: 'high' | 'medium' | 'low';
}

/** Of the session that holds this host's node key. */
export interface SessionLook {
  /** Undefined before the first. */
  readonly ageMs: number | undefined;
  /** Sessions within the last ten minutes. */
  readonly lost: number;
  /** How long the process runs that has it, ms. */
  readonly servedMs: number;
}

/** What in the kernel is not as planned, and stays so. */
export interface DifferenceLook {
  /** Name of a network, or `host`. */
  readonly where: string;
  /** `entry`: of neighbours or FDBs. */
  readonly about: 'entry' | 'device';
  readonly what: string;
}

/** Where the one that serves looks, for other hosts. */
export type HostSurroundings = Omit<Surroundings, 'firewall' | 'leaked'>;

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
  readonly vxlanGuard: GuardMode;
  /** SCOPE as it was typed. */
  readonly scope: 'auto' | 'local' | 'global';
  /** Of the process that serves; undefined where none does. */
  pid(): Promise<number | undefined>;
  /** Rejects with one sentence that says that nobody serves, and since when. */
  rows(): Promise<readonly RowLook[]>;
  /** Rejects as {@link rows} does. Undefined with the embedded store. */
  session(): Promise<SessionLook | undefined>;
  /** Rejects as {@link rows} does, or with how many networks could not be looked at. */
  differences(): Promise<readonly DifferenceLook[]>;
  /** Of containers of this host; rejects as {@link rows} does. */
  names(): Promise<readonly NamesLook[]>;
  underlay(): Promise<UnderlayLook>;
  /** Of docker_gwbridge's networks. */
  sourceNat(): Promise<readonly SourceNatLook[]>;
  /** Long rulesets take a tenth of a second at once. */
  firewall(): Promise<FirewallLook>;
  /** None with the embedded store. */
  consul(): Promise<readonly ServerLook[]>;
  /** None with the embedded store. */
  connections(): Promise<readonly ConnectionsLook[]>;
  cluster(): Promise<ClusterLook>;
  /** Addresses that are held and that nobody uses. Rejects where the store does not tell. */
  leaked(): Promise<number>;
  engine(): Promise<EngineLook>;
  /** Of the way to each host that lives. */
  probes(): Promise<readonly Probed[]>;
}

/** With the networks' names for their ids. Throws when nothing was found, and some could not be looked at. */
export function namedDifferences(
  found: readonly DifferenceLook[],
  unseen: number,
  networks: Iterable<Network>,
): readonly DifferenceLook[] {
  if (found.length === 0 && unseen > 0) throw new UserError(`${unseen} networks could not be looked at in time`);
  const names = new Map<string, string | undefined>([...networks].map((n) => [n.id, n.announced?.name]));
  return found.map((one) => ({ ...one, where: names.get(one.where) ?? one.where.slice(0, 12) }));
}
