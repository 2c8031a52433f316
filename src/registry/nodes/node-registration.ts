/**
 * This host's own record: what others need to know of it, held by a session while it lives. A host that got another
 * address takes the key of that and drops its former one, so that all others send there.
 */
import { isUserError, messageOf } from '../../errors.js';
import type { Reason } from '../../health/entry.js';
import type { RowPort } from '../../health/row.js';
import type { Origin } from '../../model/cluster/origin.js';
import { RELEASE } from '../../model/cluster/release.js';
import type { HostFacts } from '../../model/ports/kernel-port.js';
import type { Entry, Hold, Op, Store } from '../../model/ports/ports.js';
import { isCanonicalNetwork } from '../../model/values/canonical.js';
import { keys } from '../../model/values/names.js';
import { MOST, MTU_RANGE } from '../../model/values/shapes.js';
import type { Cidr, NodeAddress, NodeCrypt, NodeId } from '../../model/values/types.js';
import { RECORD_VERSION } from '../../store/records/record-version.js';
import { formatNode, parseNode } from '../../store/records/records.js';
import { type Attempt, type Transacting, transact } from '../changes/transact.js';
import { RouteNews } from './route-news.js';
import type { Tenure } from './tenure.js';

export interface Host extends Origin {
  readonly id: NodeId;
  readonly address: NodeAddress;
}

export interface NodeRegistrationParts {
  readonly store: Pick<Store, 'hold'> & Transacting;
  readonly self: Host;
  readonly tenure: Pick<Tenure, 'refuse' | 'take' | 'wait'>;
  /** Where this host chooses pools that nobody names. */
  readonly choices?: readonly Cidr[];
  /** Told of the addresses that this host had before. */
  readonly onMove?: (former: readonly NodeAddress[]) => void;
  /** Of the removal of those. */
  readonly formerRow?: RowPort<Reason>;
}

export class NodeRegistration {
  private hold: Hold | undefined;
  private published = '';
  /** The routes in that. */
  private told: readonly Cidr[] = [];
  private readonly routeNews: RouteNews;
  private publishing: Promise<void> = Promise.resolve();
  private isOpen = false;
  private isReleased = false;
  /** Its former keys are gone. */
  private isMoved = false;
  private crypt: NodeCrypt | undefined;

  constructor(private readonly parts: NodeRegistrationParts) {
    this.routeNews = new RouteNews(parts.choices ?? []);
  }

  /** It is settled who this host is: from now on its record is published. */
  open(): void {
    this.isOpen = true;
  }

  /** How this host can be reached by WireGuard, from the next {@link publish} on; undefined: not at all. */
  setCrypt(crypt: NodeCrypt | undefined): void {
    this.crypt = crypt;
  }

  /**
   * Publishes the host's facts when they changed, routes alone not always at once (see {@link RouteNews}). Resolves once
   * what is to be told stands in the store, or is refused.
   */
  async publish(facts: HostFacts): Promise<void> {
    if (!this.isOpen || this.isReleased) return;
    const routes = widest(facts.routes, MOST.routes);
    const value = this.record(facts, routes);
    const isDue = this.published === '' || this.routeNews.isDue(this.told, routes);
    if (value === this.published) return;
    if (!isDue && this.record(facts, this.told) === this.published) return;
    this.publishing = this.write(value);
    await this.publishing;
    [this.published, this.told] = [value, routes];
    this.routeNews.wereTold();
  }

  /** Until {@link publish} has something to tell of the same facts, ms. */
  get waitMs(): number {
    return this.routeNews.waitMs;
  }

  private record(facts: HostFacts, routes: readonly Cidr[]): string {
    const { id, address, hostname, machine, boot } = this.parts.self;
    return formatNode({
      ...{ id, address, hostname, machine, boot, reads: RECORD_VERSION, release: RELEASE },
      // Loopback's is larger than any Ethernet device's, and may carry the address.
      mtu: Math.min(facts.underlayMtu, MTU_RANGE.max),
      routes,
      ...(facts.hasGwbridge ? { gwbridge: widest(facts.gwbridgeNetworks, MOST.gwbridge) } : {}),
      ...(this.crypt === undefined ? {} : { crypt: this.crypt }),
    });
  }

  /** Puts the record back at once, not with the session's next renewal: others keep out a host that they do not know. */
  async renew(): Promise<void> {
    await this.hold?.write(this.published);
  }

  /** Tells the others that this host has left; its record and its endpoints stay. */
  async release(): Promise<void> {
    // What is under way, or comes later, would take the key after it was let go.
    this.isReleased = true;
    await this.publishing.catch(() => undefined);
    await this.hold?.release();
  }

  private async write(value: string): Promise<void> {
    try {
      if (this.hold !== undefined) await this.hold.write(value);
      else
        this.hold = await this.parts.store.hold(
          keys.node(this.parts.self.address),
          value,
          (e) => this.failed(e),
          (sessions) => this.held(sessions),
        );
    } catch (e) {
      // That it is another host's is told, and tried again by the hold itself.
      if (isUserError(e) && this.hold !== undefined) return;
      // A store that is an older release's may be emptied.
      if (isUserError(e)) this.parts.tenure.refuse(e);
      else this.parts.tenure.wait(messageOf(e));
      throw e;
    }
  }

  private failed(error: Error): void {
    if (isUserError(error)) this.parts.tenure.refuse(error);
    else this.parts.tenure.wait(error.message);
  }

  private held(sessions: number): void {
    this.parts.tenure.take(sessions);
    if (this.isMoved) return;
    this.isMoved = true;
    this.dropFormer().then(
      () => this.parts.formerRow?.ok(),
      (e: unknown) => {
        // With the next look at the key.
        this.isMoved = false;
        this.parts.formerRow?.failing({ reason: messageOf(e) });
      },
    );
  }

  /** Only after the new key is held: in between the others have the one or the other. */
  private async dropFormer(): Promise<void> {
    const isFormer = (entry: Entry): boolean =>
      parseNode(entry)?.id === this.parts.self.id && entry.key !== keys.node(this.parts.self.address);
    const { result } = await transact(this.parts.store, async (): Promise<Attempt<readonly Entry[]>> => {
      const former = (await this.parts.store.list(keys.nodes)).entries.filter(isFormer);
      // As it was read: the address may be another host's by now.
      const ops = former.map(({ key, index }): Op => ({ verb: 'delete', key, index }));
      return { ops, result: former };
    });
    if (result.length > 0) this.parts.onMove?.(result.map(({ key }) => key.slice(keys.nodes.length) as NodeAddress));
  }
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
