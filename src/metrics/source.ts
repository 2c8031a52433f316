/** What metrics and health are made of: an agent's parts, each as narrow as they need it. */

import type { Code } from '../health/catalogue.js';
import type { Measures } from '../health/measures.js';
import type { Said, Snapshot } from '../health/row.js';
import type { GuardDrops } from '../model/host/vxlan-guard.js';
import type { Cluster, NodeId } from '../model/values/types.js';

export interface DnsCounts {
  readonly answered: number;
  readonly forwarded: number;
  readonly dropped: number;
  readonly pauses: number;
}

export interface MetricsSource {
  readonly self: NodeId;
  readonly rows: { readonly snapshot: Snapshot; readonly said: ReadonlyMap<Code, Said> };
  readonly view: { readonly current: Cluster };
  readonly measures: Pick<Measures, 'listen'>;
  readonly dns: { readonly counts: DnsCounts };
  /** Throws a KernelError; undefined where there is no guard. */
  readonly guard: { drops(): GuardDrops | undefined };
  /** Whether the cluster is known, from the store or from this host's copy. */
  readonly knowsCluster: () => boolean;
}
