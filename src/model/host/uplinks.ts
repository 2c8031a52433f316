/** What networks with a way out of their own (`uplink/uplink.ts`) need of the host: docker_gwbridge with an address for them. Pure. */
import { hasUplink, UPLINK_GATEWAY_CIDR } from '../uplink/uplink.js';
import type { Cidr, Cluster } from '../values/types.js';
import type { HostStep } from './host-steps.js';
import { OFF, type Off } from './standing.js';

export interface UplinksPlan {
  /** docker_gwbridge's, beside its own. */
  readonly address: Cidr;
}

export interface ObservedUplinks {
  /** Of docker_gwbridge; undefined where there is none. */
  readonly addresses: readonly Cidr[] | undefined;
  readonly isRuled: boolean;
}

/** Any host may get a container of such a network, and the first one shall not wait for the engine. */
export const planUplinks = (networks: Cluster['networks']): UplinksPlan | Off =>
  [...networks.values()].some(hasUplink) ? { address: UPLINK_GATEWAY_CIDR } : OFF;

export function uplinksSteps(wanted: UplinksPlan | Off, { addresses, isRuled }: ObservedUplinks): readonly HostStep[] {
  if (wanted === OFF) {
    const address = addresses?.find((a) => a === UPLINK_GATEWAY_CIDR);
    return [
      ...(isRuled ? [{ kind: 'removeUplinkRules' as const, reason: 'not wanted', prune: true as const }] : []),
      ...(address === undefined
        ? []
        : [{ kind: 'removeGwbridgeAddress' as const, address, reason: 'not wanted', prune: true as const }]),
    ];
  }
  const { address } = wanted;
  const rules: readonly HostStep[] = isRuled ? [] : [{ kind: 'replaceUplinkRules', reason: 'missing' }];
  if (addresses === undefined) return [...rules, { kind: 'requestGwbridge', reason: 'networks go out by it' }];
  return addresses.includes(address) ? rules : [...rules, { kind: 'addGwbridgeAddress', address, reason: 'missing' }];
}
