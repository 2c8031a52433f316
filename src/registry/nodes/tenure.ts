/**
 * Whether this host holds its own node key. Only then does it write, reap or prune: one whose address is another living
 * host's, or that does not know yet, leaves everything alone.
 */
import { StoreError, type UserError } from '../../errors.js';
import type { CodeArgs } from '../../health/catalogue.js';
import { type RowPort, UNHEARD } from '../../health/row.js';
import type { Commit, Op, Store } from '../../model/ports/ports.js';
import { StoreLayer } from '../../store/store-layer.js';
import { SessionAge } from './session-age.js';

type State = 'unknown' | 'waiting' | 'held' | UserError;

export class Tenure {
  #state: State = 'unknown';
  #forbidden: UserError | undefined;
  #reason = '';
  #isTrusted = false;
  #waiting: (() => void)[] = [];
  readonly #onTake: (() => void)[] = [];
  /** Of the session that holds the key. */
  readonly session = new SessionAge();

  constructor(private readonly row: RowPort<CodeArgs['node.key']> = UNHEARD.row()) {
    row.pending();
  }

  /** Told each time that the key is this host's after it was not. */
  onTake(listener: () => void): void {
    this.#onTake.push(listener);
  }

  get holds(): boolean {
    return this.#state === 'held' && this.#forbidden === undefined;
  }

  /** True when what is not in the cluster may go: all of it was read, and it is this host's to say. */
  get prunes(): boolean {
    return this.holds && this.#isTrusted;
  }

  /** Why this host must leave all alone, in one sentence; undefined while nothing speaks against it. */
  get refusal(): UserError | undefined {
    return this.#forbidden ?? (typeof this.#state === 'string' ? undefined : this.#state);
  }

  /** `sessions`: how many it has taken so far to hold it. Told again and again. */
  take(sessions = 1): void {
    this.session.see(sessions);
    if (this.#forbidden === undefined) this.row.ok();
    if (this.#state === 'held') return;
    this.#become('held');
    for (const tell of this.#onTake) tell();
  }

  /** Another living host has the key; it may let it go. */
  refuse(reason: UserError): void {
    this.#become(reason);
    this.#say(reason.message, true);
  }

  /** A setting of this process does not fit the cluster. */
  forbid(reason: UserError): void {
    if (this.#forbidden !== undefined) return;
    this.#forbidden = reason;
    this.#become(this.#state);
    this.#say(reason.message, true);
  }

  /** The key could not be taken yet. What was held stays so: the store does not answer, and takes no writes either. */
  wait(reason: string): void {
    this.#reason = `: ${reason}`;
    this.#say(reason, false);
    if (this.#state === 'unknown') this.#become('waiting');
  }

  /** All of the cluster that this host takes part in has been read from the store itself. */
  trust(): void {
    this.#isTrusted = true;
  }

  /** Resolves after the first try to take the key. */
  async tried(): Promise<void> {
    while (this.#state === 'unknown' && this.#forbidden === undefined) await this.#next();
  }

  /** Resolves once the key is this host's. */
  async taken(): Promise<void> {
    while (!this.holds) await this.#next();
  }

  /** Throws the refusal, or a StoreError that passes while it is not known yet. */
  assert(): void {
    if (this.refusal !== undefined) throw this.refusal;
    if (!this.holds) throw new StoreError(`this host has not taken its node key yet${this.#reason}`, true);
  }

  /** A setting that does not fit is what people must put right first. */
  #say(reason: string, refused: boolean): void {
    if (this.#forbidden !== undefined) this.row.failing({ reason: this.#forbidden.message, refused: true });
    else this.row.failing({ reason, refused });
  }

  #become(state: State): void {
    this.#state = state;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** The store of a host that writes only while it holds its node key. */
export class TenantStore extends StoreLayer {
  constructor(
    store: Store,
    private readonly tenure: Tenure,
  ) {
    super(store);
  }

  override async commit(ops: readonly Op[]): Promise<Commit> {
    this.tenure.assert();
    return super.commit(ops);
  }
}
