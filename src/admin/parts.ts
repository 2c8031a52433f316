/** What the routes of the admin socket may look at: parts of the agent that runs now, each the narrowest port of it. */
import type { Sandboxes } from '../dns/serving/sandboxes.js';
import type { DnsService } from '../dns/serving/service.js';
import type { Rows } from '../health/rows.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Store } from '../model/ports/ports.js';
import type { NodeAddress, NodeId } from '../model/values/types.js';
import type { Probes } from '../probe/probes.js';
import type { ContainerPass } from '../reconcile/engine/container-pass.js';
import type { Inspection } from '../reconcile/inspection/inspection.js';
import type { CryptPlanner } from '../reconcile/mesh/crypt-planner.js';
import type { Drain } from '../registry/nodes/drain.js';
import type { SessionAge } from '../registry/nodes/session-age.js';
import type { Tenure } from '../registry/nodes/tenure.js';
import type { StorePulse } from '../store/pulse.js';
import type { ClusterView } from '../store/view/cluster-view.js';

export interface AdminParts {
  readonly self: NodeId;
  readonly address: NodeAddress;
  /** UDP, of VXLAN. */
  readonly port: number;
  /** When this agent began. */
  readonly started: Date;
  /** Consul's, as `host:port`; none with the embedded store. */
  readonly servers: readonly string[];
  /** Ends with this agent. */
  readonly ending: AbortSignal;
  /** For reading. */
  readonly store: Store;
  readonly rows: Pick<Rows, 'onChange' | 'snapshot'>;
  readonly pulse: Pick<StorePulse, 'last'>;
  readonly view: Pick<ClusterView, 'confirmed' | 'current'>;
  readonly containers: Pick<ContainerPass, 'sweep'>;
  readonly inspection: Pick<Inspection, 'look'>;
  readonly crypt: Pick<CryptPlanner, 'report' | 'rotate'>;
  readonly drain: Pick<Drain, 'begin' | 'end' | 'since'>;
  readonly dns: Pick<DnsService, 'ready'>;
  readonly sandboxes: Pick<Sandboxes, 'zonesOf'>;
  readonly metrics: Pick<Metrics, 'page' | 'readiness'>;
  readonly probes: Pick<Probes, 'probe' | 'hear'>;
  readonly tenure: Pick<Tenure, 'holds' | 'refusal'> & { readonly session: Pick<SessionAge, 'report'> };
}
