/** Endpoint records: written by the host that runs the container, read by all that take part in the network. */
import { UserError } from '../../errors.js';
import type { Op, Store } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import { isEndpointName, MOST } from '../../model/values/shapes.js';
import type { Cidr, Endpoint, EndpointId, Mac, NetworkId, NodeId } from '../../model/values/types.js';
import { formatEndpoint, parseEndpoint } from '../../store/records/records.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import { transactEnding } from '../changes/transact.js';
import type { EndpointAttempt, Heads } from '../local/heads.js';
import type { LocalEndpoints } from '../local/local-endpoints.js';
import type { Membership } from '../local/membership.js';
import type { Networks } from '../networks/networks.js';
import type { EndpointLeases } from './endpoint-leases.js';

export interface NewEndpoint {
  readonly id: EndpointId;
  readonly network: NetworkId;
  readonly addresses: readonly Cidr[];
  readonly mac: Mac;
  /** True when our IPAM leased the addresses; false when the engine's own IPAM chose them and they must be claimed. */
  readonly leased: boolean;
}

/** What the engine tells of an endpoint's container. */
export type Description = Pick<Endpoint, 'names' | 'container' | 'linkLocal'>;

export interface EndpointsParts {
  readonly store: Pick<Store, 'commit' | 'get'>;
  readonly view: Pick<ClusterView, 'current' | 'look'>;
  readonly self: NodeId;
  readonly networks: Pick<Networks, 'standing'>;
  readonly leases: Pick<EndpointLeases, 'dropOps' | 'owe' | 'takeOp' | 'taken'>;
  readonly membership: Pick<Membership, 'networks' | 'own' | 'using'>;
  readonly local: Pick<LocalEndpoints, 'create' | 'isLive' | 'remove'>;
  readonly heads: Pick<Heads, 'tell' | 'transact'>;
}

export class Endpoints {
  /** As of which index a record has what this process told of it last; infinite while nobody knows. */
  private readonly described = new Map<EndpointId, number>();

  constructor(private readonly parts: EndpointsParts) {}

  /**
   * One transaction: the network still stands, the addresses serve this endpoint, the record is there. The other hosts hear
   * of it together with its name, or by {@link tell}.
   */
  async create(wanted: NewEndpoint): Promise<void> {
    const { leased, ...rest } = wanted;
    const record = { ...rest, node: this.parts.self, names: [], container: '', created: Date.now() };
    const key = keys.endpoint(wanted.network, this.parts.self, wanted.id);
    // Before the record can be seen: it must never look like a dead one's.
    this.parts.local.create(wanted.id);
    try {
      await this.write(wanted, leased, key, formatEndpoint(record));
    } catch (e) {
      this.parts.local.remove(wanted.id);
      throw e;
    }
  }

  /** The endpoint, once this host's view of the cluster has it. Rejects with a DeadlineError or a UserError. */
  async awaitSeen(network: NetworkId, id: EndpointId, deadlineMs: number): Promise<Endpoint> {
    const find = () => this.parts.view.current.endpoints.get(network)?.get(id);
    if (find() === undefined) await this.parts.view.look(network, this.parts.self, deadlineMs);
    const endpoint = find();
    if (endpoint === undefined) throw new UserError(`endpoint ${id.slice(0, 12)} is not in the cluster`);
    return endpoint;
  }

  /**
   * Publishes names and container when they changed. An endpoint that is gone meanwhile is left alone, and one that has
   * names already, where `which` is the unnamed: more may have been told of it since.
   */
  async describe(
    network: NetworkId,
    id: EndpointId,
    description: Partial<Description>,
    which: 'all' | 'unnamed' = 'all',
  ): Promise<void> {
    const key = keys.endpoint(network, this.parts.self, id);
    const described = (endpoint: Endpoint) => {
      const isLeft = which === 'unnamed' && endpoint.names.length > 0;
      return formatEndpoint(isLeft ? endpoint : { ...endpoint, ...publishable(description) });
    };
    const seen = this.parts.view.current.endpoints.get(network)?.get(id);
    const isLate = seen !== undefined && seen.index < (this.described.get(id) ?? 0);
    if (seen?.node === this.parts.self && !isLate && described(seen) === formatEndpoint(seen)) return;
    this.described.set(id, Number.POSITIVE_INFINITY);
    // The view is nearly always right; after a failed commit only the store's own answer counts.
    let known = seen?.node === this.parts.self && !isLate ? seen : undefined;
    const { result, index } = await this.parts.heads.transact(network, async (): Promise<EndpointAttempt<number>> => {
      const entry = known === undefined ? await this.parts.store.get(key) : undefined;
      const endpoint = known ?? (entry && parseEndpoint(entry));
      known = undefined;
      const value = endpoint && described(endpoint);
      if (endpoint === undefined || value === undefined || value === formatEndpoint(endpoint))
        return { ops: [], result: entry?.index ?? 0, changes: [] };
      return { ops: [{ verb: 'update', key, value, index: endpoint.index }], result: 0, changes: [id] };
    });
    if (this.parts.local.isLive(id)) this.described.set(id, Math.max(result, index));
    else this.described.delete(id);
  }

  /** Lets the other hosts hear of endpoints whose names do not come. */
  tell(network: NetworkId): Promise<void> {
    return this.parts.heads.tell(network);
  }

  /** Removes the record, and the addresses too where nobody else will release them. Gone already is success. */
  async remove(network: NetworkId, id: EndpointId, withAddresses: boolean): Promise<void> {
    this.end(id);
    await this.parts.heads.transact(network, () => this.removal(network, id, withAddresses), transactEnding);
  }

  /** Removes an endpoint that the engine does not know any more, with its addresses. */
  async free({ network, id }: Endpoint): Promise<void> {
    this.end(id);
    await this.parts.heads.transact(network, () => this.removal(network, id, true));
  }

  private end(id: EndpointId): void {
    this.parts.local.remove(id);
    this.described.delete(id);
  }

  /** This node's endpoints of a network, as this host knows them. */
  own(network: NetworkId): readonly Endpoint[] {
    return this.parts.membership.own(network);
  }

  /** Endpoints of this node without a life: neither made in this life of ours, nor found in the kernel. */
  dead(): readonly Endpoint[] {
    return [...this.parts.membership.networks]
      .flatMap((id) => this.own(id))
      .filter((e) => !this.parts.local.isLive(e.id));
  }

  private async write(wanted: NewEndpoint, leased: boolean, key: string, record: string): Promise<void> {
    await this.parts.membership.using(wanted.network, async (mark) => {
      let first = true;
      await this.parts.heads.transact(wanted.network, async (): Promise<EndpointAttempt<void>> => {
        // The view is nearly always right; after a failed commit only the store's own answer counts.
        const network = await this.parts.networks.standing(wanted.network, first ? 'view' : 'store');
        const known = first ? undefined : await this.parts.store.get(key);
        first = false;
        if (known !== undefined) return { ops: [], result: undefined, changes: [] };
        const leases = await Promise.all(
          wanted.addresses.map((a) => this.parts.leases.takeOp(network, a, wanted.id, leased)),
        );
        const ops: Op[] = [
          { verb: 'check', key: keys.network(network.id), index: network.index },
          ...leases,
          { verb: 'create', key, value: record },
          ...mark(),
        ];
        return { ops, result: undefined, changes: [wanted.id], isQuiet: true };
      });
    });
    this.parts.leases.taken(wanted.addresses);
  }

  private async removal(network: NetworkId, id: EndpointId, withAddresses: boolean): Promise<EndpointAttempt<void>> {
    const key = keys.endpoint(network, this.parts.self, id);
    const entry = await this.parts.store.get(key);
    // One that cannot be read any more was ours if it was when we last read it, and goes with what it stood for.
    const endpoint = entry && (parseEndpoint(entry) ?? this.parts.view.current.endpoints.get(network)?.get(id));
    if (entry === undefined || endpoint?.node !== this.parts.self) return { ops: [], result: undefined, changes: [] };
    const freed = withAddresses ? await this.parts.leases.dropOps(endpoint) : [];
    if (!withAddresses) this.parts.leases.owe(endpoint.addresses);
    // With a check, for removing what is gone holds, and would leave a head in a network that went as a whole.
    const record: Op[] = [
      { verb: 'check', key, index: entry.index },
      { verb: 'delete', key },
    ];
    return { ops: [...record, ...freed], result: undefined, changes: [id] };
  }
}

/** What others can read of it: people give aliases that no DNS can carry. */
const publishable = ({ names, ...rest }: Partial<Description>): Partial<Description> => ({
  ...rest,
  ...(names === undefined ? {} : { names: names.filter(isEndpointName).slice(0, MOST.names) }),
});
