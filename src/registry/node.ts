/** This host's own record: what others need to know of it, held by a session while it lives. */

import { isCanonicalNetwork } from '../model/canonical.js';
import { keys } from '../model/names.js';
import type { Hold, HostFacts, Store } from '../model/ports.js';
import { shown } from '../model/printable.js';
import { isHostname, MOST, MTU_RANGE } from '../model/shapes.js';
import type { Cidr, NodeAddress } from '../model/types.js';
import { formatNode } from '../store/records.js';

export class NodeRegistration {
  private hold: Hold | undefined;
  private published = '';
  private publishing: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: Store,
    private readonly self: NodeAddress,
    private readonly hostname: string,
    private readonly onError: (error: Error) => void,
  ) {}

  /** Publishes the host's facts when they changed. Resolves once they stand in the store. */
  async publish(facts: HostFacts): Promise<void> {
    const value = formatNode({
      address: this.self,
      hostname: hostnameOf(this.hostname),
      // Loopback's is larger than any Ethernet device's, and may carry the address.
      mtu: Math.min(facts.underlayMtu, MTU_RANGE.max),
      routes: widest(facts.routes, MOST.routes),
      ...(facts.gwbridge === undefined ? {} : { gwbridge: widest(facts.gwbridgeNetworks, MOST.gwbridge) }),
    });
    if (value === this.published) return;
    this.publishing = this.write(value);
    await this.publishing;
    this.published = value;
  }

  /** Puts the record back at once, not with the session's next renewal: others keep out a host that they do not know. */
  async renew(): Promise<void> {
    await this.hold?.write(this.published);
  }

  /** Tells the others that this host has left; its record and its endpoints stay. */
  async release(): Promise<void> {
    // What is under way would take the key after it was let go.
    await this.publishing.catch(() => undefined);
    await this.hold?.release();
  }

  private async write(value: string): Promise<void> {
    if (this.hold === undefined) this.hold = await this.store.hold(keys.node(this.self), value, this.onError);
    else await this.hold.write(value);
  }
}

/** The kernel takes any bytes as a host's name. */
function hostnameOf(name: string): string {
  const readable = shown(name).replace(/\s/g, '_').slice(0, 64);
  return isHostname(readable) ? readable : 'unnamed';
}

/** Of a router's many routes those that matter most; what lies in another one says nothing new. Sorted as text. */
function widest(routes: readonly Cidr[], most: number): readonly Cidr[] {
  const prefix = (cidr: Cidr): number => Number(cidr.slice(cidr.indexOf('/') + 1));
  return routes
    .filter(isCanonicalNetwork)
    .sort((a, b) => prefix(a) - prefix(b))
    .slice(0, most)
    .sort();
}
