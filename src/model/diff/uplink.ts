/** What makes a network's way out as planned. Pure. */
import type { UplinkPlan } from '../plan/namespace-plan.js';
import type { ObservedNamespace } from '../plan/observed.js';
import type { Draft } from '../plan/steps.js';

export function uplinkSteps(wanted: UplinkPlan | undefined, seen: ObservedNamespace): readonly Draft[] {
  if (wanted === undefined) return [];
  const reason = difference(wanted, seen);
  return reason === undefined ? [] : [{ kind: 'ensureUplink', ...wanted, reason }];
}

function difference(wanted: UplinkPlan, { links, addresses, uplink }: ObservedNamespace): string | undefined {
  const link = links.find(({ name }) => name === wanted.link);
  if (link === undefined) return 'missing';
  if (!link.up) return 'down';
  if (link.mtu !== wanted.mtu) return `MTU is ${link.mtu}`;
  if (!addresses.some((a) => a.link === wanted.link && a.address === wanted.address)) return 'its address is missing';
  if (uplink?.isPlugged !== true) return 'its other end is not on docker_gwbridge';
  if (uplink.via !== wanted.via) return `the way out is ${uplink.via ?? 'missing'}`;
  return uplink.isRuled ? undefined : 'its rules are missing';
}
