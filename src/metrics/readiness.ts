/** Whether this host does its work, for /readyz: what runs goes on without the store, so its loss is no death. Pure. */
import { CATALOGUE } from '../health/catalogue.js';
import type { Row } from '../health/row.js';

export interface Readiness {
  /**
   * `degraded`: calls are answered and containers have their networks, but something is wrong that somebody should look
   * at. `starting`: the cluster is not known yet. `refused`: this host may change nothing, see row `node.key`.
   */
  readonly status: 'ready' | 'degraded' | 'starting' | 'refused';
  /** Of rows that are not as they should be, each once, in order. */
  readonly codes: readonly string[];
}

export const isReady = ({ status }: Readiness): boolean => status === 'ready' || status === 'degraded';

export function readinessOf(rows: readonly Row[], knowsCluster: boolean): Readiness {
  const troubles = rows.filter(isTrouble);
  const codes = [...new Set(troubles.map(({ code }) => code))].sort();
  if (troubles.some(({ code, args }) => code === 'node.key' && args.refused === true))
    return { status: 'refused', codes };
  if (!knowsCluster) return { status: 'starting', codes };
  return { status: codes.length === 0 ? 'ready' : 'degraded', codes };
}

/** What a container brings about as it likes says nothing of the host. */
function isTrouble({ code, state, severity }: Row): boolean {
  const { byContainers = false } = CATALOGUE[code];
  return (state === 'failing' || state === 'degraded') && severity !== 'low' && !byContainers;
}
