/** Network records: created by one host, announced under a name, removed by any. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../errors.js';
import { keys } from '../../model/values/names.js';
import type { Announcement, Cidr, Network, NetworkId } from '../../model/values/types.js';
import { parseNetwork, readable } from '../../store/records/records.js';
import { Announcer } from './announcer.js';
import { Claims } from './claims.js';
import { Creation, type CreationParts, type NewNetwork } from './creation.js';
import { type Removal, Removals } from './removal.js';

/** How long an attach waits for a removal that may be taken back, ms, and how often it looks. */
const REMOVAL_MS = 5_000;
const LOOK_MS = 50;

export type NetworksParts = Omit<CreationParts, 'get' | 'dropOps'>;

export class Networks {
  private readonly claims: Claims;
  private readonly announcer: Announcer;
  private readonly creation: Creation;
  private readonly removals: Removals;

  constructor(private readonly parts: NetworksParts) {
    this.claims = new Claims(parts.store, parts.view);
    const get = (id: NetworkId) => this.get(id);
    this.announcer = new Announcer(parts.store, get);
    this.removals = new Removals({ ...parts, get, claims: this.claims });
    this.creation = new Creation({ ...parts, get, dropOps: (network) => this.removals.dropOps(network) });
  }

  /** Claims all that the network needs and writes its record, see {@link Creation}. One that stands is left as it is. */
  create(wanted: NewNetwork): Promise<void> {
    return this.creation.create(wanted);
  }

  /** Puts the record under its name, see {@link Announcer}. */
  announce(id: NetworkId, announcement: Announcement, ranges: ReadonlyMap<Cidr, Cidr>): Promise<NetworkId> {
    return this.announcer.announce(id, announcement, ranges);
  }

  /** Publishes that another network has the name that this one would have. */
  outdo(id: NetworkId, name: string): Promise<void> {
    return this.announcer.outdo(id, name);
  }

  /** Throws a UserError for a network that is not to appear on any host (see Claims). */
  check(network: Network): Promise<void> {
    return this.claims.check(network);
  }

  /** Removes it, or says who uses it; see {@link Removals}. */
  remove(id: NetworkId, own: 'keep' | 'go' = 'go'): Promise<Removal> {
    return this.removals.remove(id, own);
  }

  /**
   * The network, if endpoints may be created on it. A removal under way is waited for: it is taken back where another
   * host uses the network. Throws a UserError when it is gone, or goes for too long.
   */
  async standing(id: NetworkId, source: 'view' | 'store'): Promise<Network> {
    const end = performance.now() + REMOVAL_MS;
    for (let network = source === 'view' ? await this.known(id) : await this.get(id); ; network = await this.get(id)) {
      if (network !== undefined && !network.deleting) return network;
      const name = network?.announced?.name ?? id.slice(0, 12);
      if (network === undefined) throw new UserError(`network ${name} has been removed from the cluster`);
      if (performance.now() > end)
        throw new UserError(`network ${name} is being removed from the cluster; try again in half a minute`);
      await sleep(LOOK_MS);
    }
  }

  /** As this host knows it; the store is asked only when it does not. */
  async known(id: NetworkId): Promise<Network | undefined> {
    return this.parts.view.current.networks.get(id) ?? (await this.get(id));
  }

  /** Throws a UserError for a record that cannot be read. */
  async get(id: NetworkId): Promise<Network | undefined> {
    const entry = await this.parts.store.get(keys.network(id));
    return entry === undefined ? undefined : readable(entry, parseNetwork);
  }
}
