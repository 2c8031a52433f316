/** Who holds the addresses that several endpoints of a network claim: the store knows, and is asked once for each state. */
import { isStoreError } from '../../errors.js';
import type { Sound } from '../../model/cluster/sound.js';
import type { Cidr, EndpointId, Ip, NetworkId } from '../../model/values/types.js';

/** Leases that are looked up for one network at a time; who claims more addresses twice waits. */
const MOST_LOOKUPS = 64;
/** How soon it is asked again when the store did not answer, ms. */
const RETRY_MS = 5_000;

export interface LeaseHolders {
  /** The lease's holder; undefined when the address is nobody's. Rejects with a StoreError. */
  holder(pool: Cidr, ip: Ip): Promise<EndpointId | undefined>;
}

export interface HoldersEvents {
  /** The store has told of this network. */
  onAnswer(network: NetworkId): void;
  /** It did not answer: it is to be asked again. */
  onSilence(network: NetworkId): void;
}

export class Holders {
  /** Asked when these were the claims. */
  private readonly known = new Map<NetworkId, { readonly of: object; readonly by: ReadonlyMap<string, EndpointId> }>();
  private readonly asking = new Set<NetworkId>();

  constructor(
    private readonly leases: LeaseHolders,
    private readonly events: HoldersEvents,
  ) {}

  /** By `pool ip`; undefined before the store has told. Until then the older claim counts. */
  of(network: NetworkId): ReadonlyMap<string, EndpointId> | undefined {
    return this.known.get(network)?.by;
  }

  /** Asks the store about what several claim in these endpoints, unless it was asked. */
  look(network: NetworkId, endpoints: object, contested: Sound['contested']): void {
    if (this.known.get(network)?.of !== endpoints) void this.ask(network, endpoints, contested);
  }

  forget(network: NetworkId): void {
    this.known.delete(network);
  }

  /** Never rejects with a StoreError. */
  private async ask(network: NetworkId, of: object, contested: Sound['contested']): Promise<void> {
    if (this.asking.has(network)) return;
    this.asking.add(network);
    try {
      const found = await Promise.all(
        contested.slice(0, MOST_LOOKUPS).map(async ({ pool, ip }) => {
          const holder = await this.leases.holder(pool, ip);
          return holder === undefined ? [] : [[`${pool} ${ip}`, holder] as const];
        }),
      );
      this.known.set(network, { of, by: new Map(found.flat()) });
      this.events.onAnswer(network);
    } catch (e) {
      if (!isStoreError(e)) throw e;
      setTimeout(() => this.events.onSilence(network), RETRY_MS).unref();
    } finally {
      this.asking.delete(network);
    }
  }
}
