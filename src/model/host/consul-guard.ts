/** What keeps containers away from Consul, and what makes it so. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { HostStep, ServerAddress } from './host-steps.js';
import { OFF, type Off, type Standing } from './standing.js';

/** Nothing goes in by one of these interfaces for one of these servers, or for one of their ports on this host. */
export interface ConsulGuardPlan {
  /** Sorted, each once. */
  readonly interfaces: readonly string[];
  readonly servers: readonly ServerAddress[];
}

export function consulGuardSteps(wanted: ConsulGuardPlan | Off, found: Standing<ConsulGuardPlan>): readonly HostStep[] {
  if (wanted === OFF)
    return found === undefined ? [] : [{ kind: 'removeConsulGuard', reason: 'not wanted', prune: true }];
  const reason = difference(wanted, found);
  return reason === undefined ? [] : [{ kind: 'replaceConsulGuard', ...wanted, reason }];
}

function difference(wanted: ConsulGuardPlan, found: Standing<ConsulGuardPlan>): string | undefined {
  if (found === undefined) return 'missing';
  if (found === 'other') return 'not as this process makes it';
  if (!isDeepStrictEqual(found.interfaces, wanted.interfaces)) return 'other interfaces';
  return isDeepStrictEqual(found.servers, wanted.servers) ? undefined : 'other servers';
}
