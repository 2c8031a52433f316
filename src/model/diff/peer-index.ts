/** The peers of a namespace by what the kernel tells of them, kept from plan to plan: thousands, of which few change. */

import type { PeerPlan } from '../plan/namespace-plan.js';
import { differences } from '../values/differing.js';
import type { Ip, Mac } from '../values/types.js';
import { ByLink } from './by-link.js';

export class PeerIndex {
  private peers: readonly PeerPlan[] = [];
  private readonly byIp = new ByLink<PeerPlan, Ip>();
  private readonly byMac = new ByLink<PeerPlan, Mac>();

  /** Goes by these peers from now on. No two of them share an address; those that share a MAC come and go together. */
  follow(peers: readonly PeerPlan[]): this {
    if (peers === this.peers) return this;
    const [gone, come] = differences(this.peers, peers);
    for (const p of gone) {
      this.byIp.delete(p.vxlan, p.ip);
      this.byMac.delete(p.vxlan, p.mac);
    }
    for (const p of come) {
      this.byIp.set(p.vxlan, p.ip, p);
      this.byMac.set(p.vxlan, p.mac, p);
    }
    this.peers = peers;
    return this;
  }

  at(vxlan: string, ip: Ip): PeerPlan | undefined {
    return this.byIp.get(vxlan, ip);
  }

  behind(vxlan: string, mac: Mac): PeerPlan | undefined {
    return this.byMac.get(vxlan, mac);
  }
}
