/** This host's own record: what others need to know of it, held by a session while it lives. */
import { keys } from '../model/names.js';
import type { Hold, HostFacts, Store } from '../model/ports.js';
import type { NodeAddress } from '../model/types.js';
import { formatNode } from '../store/records.js';

export class NodeRegistration {
  private hold: Hold | undefined;
  private published = '';

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
      hostname: this.hostname,
      mtu: facts.underlayMtu,
      routes: [...facts.routes].sort(),
      ...(facts.gwbridge === undefined ? {} : { gwbridge: [...facts.gwbridgeNetworks].sort() }),
    });
    if (value === this.published) return;
    if (this.hold === undefined) this.hold = await this.store.hold(keys.node(this.self), value, this.onError);
    else await this.hold.write(value);
    this.published = value;
  }

  /** Puts the record back at once, not with the session's next renewal: others keep out a host that they do not know. */
  async renew(): Promise<void> {
    await this.hold?.write(this.published);
  }

  /** Tells the others that this host has left; its record and its endpoints stay. */
  async release(): Promise<void> {
    await this.hold?.release();
  }
}
