/** Network records and their names: whoever writes a name first has it, for as long as its record stands. */
import { UserError } from '../../errors.js';
import type { Entry, Op, Store } from '../../model/ports/ports.js';
import { covers } from '../../model/values/address.js';
import { keys } from '../../model/values/names.js';
import { clipped } from '../../model/values/printable.js';
import { isId, isLabel, isNetworkName, MOST } from '../../model/values/shapes.js';
import type { Announcement, Cidr, Network, NetworkId } from '../../model/values/types.js';
import { formatNetwork } from '../../store/records/records.js';
import { type Attempt, type Transacting, transact } from '../changes/transact.js';

export class Announcer {
  constructor(
    private readonly store: Pick<Store, 'get'> & Transacting,
    /** As the store has it. */
    private readonly network: (id: NetworkId) => Promise<Network | undefined>,
  ) {}

  /**
   * Puts the record under its name, first writer wins.
   * @returns the id that has the name: another one's when it was taken.
   */
  async announce(id: NetworkId, announcement: Announcement, ranges: ReadonlyMap<Cidr, Cidr>): Promise<NetworkId> {
    const { name } = announcement;
    if (!isNetworkName(name))
      throw new UserError(
        `network ${clipped(name, 64)} stays on this host alone: no other host can have one of that name; remove it and choose another`,
      );
    const { result } = await transact(this.store, async (): Promise<Attempt<NetworkId>> => {
      const [network, holder] = await Promise.all([this.network(id), this.store.get(keys.name(announcement.name))]);
      if (network === undefined || network.announced !== undefined) return { ops: [], result: id };
      if (holder !== undefined && holder.value !== id && !(await this.isLeftOver(holder)))
        return { ops: [], result: holder.value as NetworkId };
      const { outdone: _, ...rest } = network;
      const subnets = network.subnets.map((s) => ({ ...rangeOf(ranges, s.pool), ...s }));
      const value = withLabels(
        (announced) => formatNetwork({ ...rest, subnets, announced }),
        publishable(announcement),
      );
      return {
        ops: [{ verb: 'update', key: keys.network(id), value, index: network.index }, ...nameOps(name, holder, id)],
        result: id,
      };
    });
    return result;
  }

  /** Publishes that another network has the name that this one would have. */
  async outdo(id: NetworkId, name: string): Promise<void> {
    await transact(this.store, async (): Promise<Attempt<void>> => {
      const network = await this.network(id);
      if (network === undefined || network.announced !== undefined || network.outdone === name)
        return { ops: [], result: undefined };
      const value = formatNetwork({ ...network, outdone: name });
      return { ops: [{ verb: 'update', key: keys.network(id), value, index: network.index }], result: undefined };
    });
  }

  /** A name whose network is gone: nobody would ever take it back. */
  private async isLeftOver(holder: Entry): Promise<boolean> {
    return isId(holder.value) && (await this.store.get(keys.network(holder.value))) === undefined;
  }
}

/** The record with as many of the labels as leave it small enough for others to read. */
function withLabels(format: (announced: Announcement) => string, announcement: Announcement): string {
  const labels = Object.entries(announcement.labels);
  for (let count = labels.length; ; count = Math.floor(count / 2)) {
    const value = format({ ...announcement, labels: Object.fromEntries(labels.slice(0, count)) });
    if (Buffer.byteLength(value) <= MOST.record || count === 0) return value;
  }
}

/** `holder`: what stands under the name, a network's that is gone. */
function nameOps(name: string, holder: Entry | undefined, id: NetworkId): readonly Op[] {
  const key = keys.name(name);
  if (holder === undefined) return [{ verb: 'create', key, value: id }];
  if (holder.value === id) return [];
  return [
    { verb: 'update', key, value: id, index: holder.index },
    { verb: 'checkAbsent', key: keys.network(holder.value) },
  ];
}

const rangeOf = (ranges: ReadonlyMap<Cidr, Cidr>, pool: Cidr): { readonly range?: Cidr } => {
  const range = ranges.get(pool);
  return range === undefined || !covers(pool, range) ? {} : { range };
};

/** Labels and options that others could not read stay on this host. */
const publishable = ({ labels, ipamOptions, ...rest }: Announcement): Announcement => ({
  ...rest,
  labels: readable(labels, MOST.labels),
  ...(ipamOptions === undefined ? {} : { ipamOptions: readable(ipamOptions, MOST.options) }),
});

const readable = (pairs: Readonly<Record<string, string>>, most: number) =>
  Object.fromEntries(
    Object.entries(pairs)
      .filter(([key, value]) => isLabel(key, value))
      .slice(0, most),
  );
