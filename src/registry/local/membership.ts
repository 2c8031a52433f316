/**
 * Marks, for each network, that this node may hold endpoints or leases of it. The mark is written with the first
 * lease or endpoint and lets a restarted host find what it owns without reading the whole cluster. It outlives the
 * last endpoint by a little, so that containers in quick succession do not write and watch everything anew.
 */

import { isStoreError, messageOf } from '../../errors.js';
import type { Reason } from '../../health/entry.js';
import { type RowsOf, UNHEARD } from '../../health/row.js';
import type { Op, Store } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import { isNetworkId } from '../../model/values/shapes.js';
import type { Endpoint, NetworkId, NodeId } from '../../model/values/types.js';
import { partsOf } from '../../store/in-parts.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { Heads } from './heads.js';
import { LeaveTimes } from './leave-times.js';
import { ownIn } from './own.js';

const MOST_MARKS = 1_024;

export interface MembershipParts {
  readonly store: Pick<Store, 'commit' | 'keys'>;
  readonly view: Pick<ClusterView, 'current' | 'onChange' | 'subscribe' | 'unsubscribe'>;
  readonly self: NodeId;
  readonly heads: Pick<Heads, 'endOp'>;
  /** Of networks that could not be left, until they are. */
  readonly rows?: RowsOf<Reason>;
}

export class Membership {
  private readonly marked = new Set<NetworkId>();
  /** Leases and endpoints under way, per network. */
  private readonly users = new Map<NetworkId, number>();
  /** Those of `marked` of which nobody knows whether the mark stands. */
  private readonly unsure = new Set<NetworkId>();
  private readonly leaving = new Map<NetworkId, Promise<unknown>>();
  /** Seen without anything of this host since they were used last. */
  private readonly idle = new Set<NetworkId>();
  private readonly times = new LeaveTimes((network) => this.lookWhetherOver(network));
  private readonly rows: RowsOf<Reason>;

  constructor(private readonly parts: MembershipParts) {
    this.rows = parts.rows ?? UNHEARD;
    parts.view.onChange((_, changed) => {
      for (const id of changed.networks ? this.marked : [])
        if (this.isGone(id) && !this.times.hasFailed(id)) void this.leave(id);
      for (const id of changed.endpoints) this.lookAt(id);
    });
  }

  /** Reads this node's marks and watches the endpoints of those networks. What is no network's id is no mark. */
  async load(): Promise<void> {
    const prefix = keys.members(this.parts.self);
    const marks = (await this.parts.store.keys(prefix)).map((key) => key.slice(prefix.length)).filter(isNetworkId);
    const known = this.parts.view.current.networks;
    // Each is read: of more marks than any host has, those of networks that are there go first.
    const wanted = [...marks.filter((id) => known.has(id)), ...marks.filter((id) => !known.has(id))];
    for (const id of wanted.slice(0, MOST_MARKS)) this.join(id);
  }

  /** Without the store: the networks in which the copy of the cluster knows endpoints of this node. */
  adopt(networks: Iterable<NetworkId>): void {
    for (const network of networks) this.join(network);
  }

  /**
   * Takes part again in those of the networks in which the store has endpoints of this node though no mark says so: one
   * that a forget has taken and no more, say. Rejects with a StoreError.
   */
  async recover(networks: Iterable<NetworkId>): Promise<void> {
    for (const id of networks) {
      if (this.marked.has(id)) continue;
      if ((await this.parts.store.keys(keys.endpointsOf(id, this.parts.self))).length > 0) this.join(id);
    }
  }

  /** Sets the marks that somebody has taken: the next start would not know what it owns. Rejects with a StoreError. */
  async renew(): Promise<void> {
    const unsure = new Set(this.unsure);
    const standing = new Set(await this.parts.store.keys(keys.members(this.parts.self)));
    const staying = [...this.marked].filter((id) => !this.leaving.has(id));
    const lost = staying.map((id) => keys.member(this.parts.self, id)).filter((key) => !standing.has(key));
    for (const part of partsOf(lost.map((key) => ({ verb: 'set', key, value: '' }))))
      await this.parts.store.commit(part);
    for (const id of staying) if (unsure.has(id)) this.unsure.delete(id);
  }

  get networks(): ReadonlySet<NetworkId> {
    return this.marked;
  }

  /** This node's endpoints of a network, as this host knows them. */
  own(network: NetworkId): readonly Endpoint[] {
    return ownIn(this.parts.view.current.endpoints.get(network), this.parts.self);
  }

  /**
   * Runs what writes a lease or an endpoint of the network. `work` commits the operations it is given together with
   * its own; they are the mark, or none when it stands. Afterwards the network's endpoints are watched.
   */
  async using<T>(network: NetworkId, work: (mark: () => readonly Op[]) => Promise<T>): Promise<T> {
    await this.leaving.get(network);
    this.users.set(network, (this.users.get(network) ?? 0) + 1);
    this.idle.delete(network);
    try {
      const key = keys.member(this.parts.self, network);
      const isSet = (): boolean => this.marked.has(network) && !this.unsure.has(network);
      const result = await work(() => (isSet() ? [] : [{ verb: 'set', key, value: '' }]));
      this.join(network);
      return result;
    } catch (e) {
      // It may have been done all the same.
      if (isStoreError(e) && e.retryable) this.lookOn(network);
      throw e;
    } finally {
      this.users.set(network, (this.users.get(network) ?? 1) - 1);
      // Put off with each use: Join may be waiting for the view to bring what was written just now.
      this.times.set(network);
    }
  }

  private join(network: NetworkId): void {
    this.marked.add(network);
    this.stay(network);
    this.parts.view.subscribe(network);
  }

  private stay(network: NetworkId): void {
    this.times.forgive(network);
    this.rows.row(network).gone();
  }

  /** What this host may have there and nobody uses is freed only where it takes part. */
  private lookOn(network: NetworkId): void {
    this.marked.add(network);
    this.unsure.add(network);
    this.parts.view.subscribe(network);
  }

  /** Loaded, and nothing of it lives here or is about to. */
  private isIdle(network: NetworkId): boolean {
    const loaded = this.parts.view.current.endpoints.has(network);
    return loaded && !this.users.get(network) && this.own(network).length === 0;
  }

  /** From its last endpoint on it is left soon; others' changes put that off no further. */
  private lookAt(network: NetworkId): void {
    if (!this.isIdle(network)) this.idle.delete(network);
    else if (!this.idle.has(network)) {
      this.idle.add(network);
      this.times.set(network);
    }
  }

  private isGone(network: NetworkId): boolean {
    const { networks, unreadable } = this.parts.view.current;
    return !networks.has(network) && !unreadable.has(network);
  }

  private lookWhetherOver(network: NetworkId): void {
    if (this.isIdle(network) || (this.times.hasFailed(network) && this.isGone(network))) void this.leave(network);
    else this.stay(network);
  }

  /** Takes part until that is through: an outage must not take away what is known of the network. */
  private async leave(network: NetworkId): Promise<void> {
    if (!this.marked.has(network) || this.leaving.has(network)) return;
    const ops: Op[] = [{ verb: 'delete', key: keys.member(this.parts.self, network) }, this.parts.heads.endOp(network)];
    const removal = this.parts.store.commit(ops).then(
      () => this.left(network),
      (e: unknown) => {
        this.unsure.add(network);
        this.times.failed(network);
        this.rows.row(network).failing({ reason: messageOf(e) });
      },
    );
    this.leaving.set(network, removal);
    await removal;
    this.leaving.delete(network);
  }

  private left(network: NetworkId): void {
    this.times.end(network);
    this.users.delete(network);
    for (const among of [this.marked, this.unsure, this.idle]) among.delete(network);
    this.parts.view.unsubscribe(network);
    this.rows.row(network).gone();
  }
}
