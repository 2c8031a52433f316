/** The ports that there are or will be, by their links, and what makes them so. Pure. */
import type { NamespacePlan, PortPlan } from '../plan/namespace-plan.js';
import { type ObservedLink, portLinks } from '../plan/observed.js';
import type { Draft } from '../plan/steps.js';
import { portName } from '../values/names.js';
import { upkeep } from './bridges.js';

export function portsOf(wanted: NamespacePlan, links: readonly ObservedLink[]) {
  const byEndpoint = portLinks(links);
  const used = new Set(links.map((l) => l.name));
  const create = (port: PortPlan): Draft & { readonly link: string } => {
    const link = lowestFreePort(used);
    used.add(link);
    const { containerEnd, mtu, bridge: master, endpoint: alias, end, sender } = port;
    const more = { ...(typeof end === 'object' && { card: end }), ...(sender && { sender }) };
    return { kind: 'createPort', link, containerEnd, mtu, master, alias, reason: 'missing', ...more };
  };
  return wanted.ports.flatMap((plan) => {
    const link = byEndpoint.get(plan.endpoint);
    if (link !== undefined) return [{ plan, link: link.name, steps: upkeep(link, plan.mtu, plan.bridge) }];
    if (plan.end === 'nobody') return [];
    const step = create(plan);
    return [{ plan, link: step.link, steps: [step] }];
  });
}

function lowestFreePort(used: ReadonlySet<string>): string {
  let n = 0;
  while (used.has(portName(n))) n++;
  return portName(n);
}
