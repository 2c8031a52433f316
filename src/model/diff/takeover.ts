/** Which addresses of a network have another bearer than before: whoever has talked to them sends to the old one. Pure. */

import type { NamespacePlan } from '../plan/namespace-plan.js';
import { ipPart } from '../values/address.js';
import { differences } from '../values/differing.js';
import type { Ip, Mac } from '../values/types.js';

/** Who has an address now, and on which bridge that is to be said. */
export interface Bearer {
  readonly bridge: string;
  readonly ip: Ip;
  readonly mac: Mac;
}

/** As many addresses without a bearer are remembered: the kernels of containers forget, too. */
const MOST_GONE = 4096;

/** Of one network. Addresses outlive their bearers here, for one may come back with another card long after. */
export class Bearers {
  private readonly macs = new Map<Ip, Mac>();
  private plan: Pick<NamespacePlan, 'bridges' | 'ports' | 'peers'> = { bridges: [], ports: [], peers: [] };

  /** What containers of this host may know from before this process. */
  remember(known: Iterable<Pick<Bearer, 'ip' | 'mac'>>): void {
    for (const { ip, mac } of known) if (!this.macs.has(ip)) this.macs.set(ip, mac);
  }

  /** Those that are not who they were. It costs what differs from the plan followed last. */
  follow(plan: Pick<NamespacePlan, 'bridges' | 'ports' | 'peers'>): readonly Bearer[] {
    const bridges = new Map(plan.bridges.map(({ vxlan, name }) => [vxlan, name]));
    const [, peers] = differences(this.plan.peers, plan.peers);
    const [, ports] = differences(this.plan.ports, plan.ports);
    this.plan = plan;
    const come = [
      ...ports.flatMap(({ bridge, mac, addresses }) => addresses.map((a) => ({ bridge, mac, ip: ipPart(a) }))),
      ...peers.map(({ vxlan, ip, mac }) => ({ bridge: bridges.get(vxlan) ?? '', ip, mac })),
    ];
    const others = come.filter(({ ip, mac }) => (this.macs.get(ip) ?? mac) !== mac);
    for (const { ip, mac } of come) this.macs.set(ip, mac);
    this.forget(plan.peers.length + plan.ports.length + MOST_GONE);
    return others;
  }

  /** The oldest first; those that stand are entered again by their next change at the latest. */
  private forget(most: number): void {
    for (const ip of this.macs.keys()) {
      if (this.macs.size <= most) return;
      this.macs.delete(ip);
    }
  }
}
