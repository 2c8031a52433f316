/** What is meant for encrypted networks must not leave by another way than their own: where nothing is forwarded to. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { isEncrypted } from '../plan/underlay.js';
import type { Cidr, Cluster } from '../values/types.js';
import type { HostStep } from './host-steps.js';
import { OFF, type Off, type Standing } from './standing.js';

export interface EncryptionFencePlan {
  /** Sorted, each once. */
  readonly subnets: readonly Cidr[];
}

/** On hosts that cannot encrypt, or take no part, as well: a container may be there before the news. */
export function planEncryptionFence(networks: Cluster['networks']): EncryptionFencePlan | Off {
  const encrypted = [...networks.values()].filter((network) => isEncrypted(network.options));
  const subnets = [...new Set(encrypted.flatMap((network) => network.subnets.map(({ pool }) => pool)))].sort();
  return subnets.length === 0 ? OFF : { subnets };
}

export function encryptionFenceSteps(
  wanted: EncryptionFencePlan | Off,
  found: Standing<EncryptionFencePlan>,
): readonly HostStep[] {
  if (wanted === OFF)
    return found === undefined
      ? []
      : [{ kind: 'removeEncryptionFence', reason: 'no network is encrypted', prune: true }];
  if (found !== undefined && found !== 'other' && isDeepStrictEqual(found, wanted)) return [];
  const reason =
    found === undefined ? 'missing' : found === 'other' ? 'not as this process makes it' : 'around other subnets';
  return [{ kind: 'replaceEncryptionFence', subnets: wanted.subnets, reason }];
}
