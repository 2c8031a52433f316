/** One key kept held by a session, through everything that can happen to either. */
import { Mutex } from 'async-mutex';
import * as z from 'zod';
import { errorOf, StoreError, UserError } from '../../errors.js';
import { addressTaken, idTaken } from '../../model/cluster/origin.js';
import type { Hold } from '../../model/ports/ports.js';
import { nodeId } from '../records/fields.js';
import type { ConsulSessions } from './session.js';

/** How soon a key that is not ours yet is tried again. */
const RETRY_MS = 5_000;

/** One that is not renewed ends after twice its TTL. */
const MOST_MADE = 64;

const owner = z.object({ id: nodeId, hostname: z.string() });

/** Whose a value is; undefined where that cannot be read. */
function ownerIn(value: string): z.infer<typeof owner> | undefined {
  try {
    return owner.parse(JSON.parse(value));
  } catch {
    return undefined;
  }
}

/**
 * Invariant: one step at a time (the mutex), and each step starts from what Consul says, not from what we did last.
 * So a lost session, a key that an operator removed and a value that someone overwrote are all put right the same
 * way, at the latest one third of the TTL later.
 */
export class ConsulHold implements Hold {
  readonly #mutex = new Mutex();
  #session: string | undefined;
  /** All that this process has made, the oldest first: a server that has just started may deny one that is there. */
  readonly #made = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** How many it has made. */
  #count = 0;
  /** From then on, whoever else holds the key with our id is a copy of this host. */
  #wasHeld = false;

  constructor(
    private readonly sessions: ConsulSessions,
    private readonly key: string,
    private value: string,
    private readonly onError: (error: Error) => void,
    private readonly onHeld: (sessions: number) => void,
  ) {}

  /** The first try. Rejects with a StoreError when Consul does not do it; a key held elsewhere goes to `onError`. */
  async start(): Promise<void> {
    try {
      this.#next(this.#report(await this.#mutex.runExclusive(() => this.#ensure())));
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** When it rejects, the value is still written as soon as Consul lets us. */
  async write(value: string): Promise<void> {
    this.value = value;
    const conflict = await this.#mutex.runExclusive(async () => {
      // It would take the key again that was let go.
      if (this.#stopped) return undefined;
      const quick = this.#session !== undefined && (await this.sessions.lock(this.key, value, this.#session));
      return quick ? undefined : this.#ensure();
    });
    if (this.#report(conflict)) return;
    throw conflict;
  }

  async release(): Promise<void> {
    this.stop();
    await this.#mutex.runExclusive(async () => {
      if (this.#session !== undefined) await this.sessions.destroy(this.#session);
      this.#session = undefined;
    });
  }

  /** Renews no more; the session ends after its TTL. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #next(ok: boolean): void {
    if (this.#stopped) return;
    const renewMs = (this.sessions.ttlSeconds * 1000) / 3;
    this.#timer = setTimeout(() => void this.#tick(), ok ? renewMs : Math.min(renewMs, RETRY_MS));
  }

  async #tick(): Promise<void> {
    const problem = await this.#mutex.runExclusive(() => (this.#stopped ? undefined : this.#ensure())).catch(errorOf);
    this.#next(this.#report(problem));
  }

  #report(problem: Error | undefined): boolean {
    if (this.#stopped) return problem === undefined;
    if (problem === undefined) {
      this.#wasHeld = true;
      this.onHeld(this.#count);
    } else this.onError(problem);
    return problem === undefined;
  }

  /** Makes it so that a living session of ours holds the key with our value. A conflict is the result, not thrown. */
  async #ensure(): Promise<StoreError | UserError | undefined> {
    if (this.#session !== undefined && !(await this.sessions.renew(this.#session))) this.#session = undefined;
    this.#session ??= await this.#create();
    const holder = await this.sessions.holder(this.key);
    const ours = holder?.session === this.#session;
    if (ours && holder.value === this.value && holder.everHeld) return undefined;
    if (holder?.session !== undefined && holder.session !== this.#session) {
      const taken = this.#made.has(holder.session) ? undefined : this.#taken(holder.value);
      if (taken !== undefined) return taken;
      await this.sessions.destroy(holder.session);
    }
    const take = ours && !holder.everHeld ? 'relock' : 'lock';
    const locked = await this.sessions[take](this.key, this.value, this.#session);
    return locked ? undefined : new StoreError(`${this.key} was taken by another session just now`, true);
  }

  async #create(): Promise<string> {
    const session = await this.sessions.create(`tsoverlay ${this.key}`);
    const [oldest] = this.#made;
    if (oldest !== undefined && this.#made.size >= MOST_MADE) this.#made.delete(oldest);
    this.#made.add(session);
    this.#count++;
    return session;
  }

  /** Why the session that holds the key is to be left alone; undefined when it is an earlier process's of this host. */
  #taken(value: string): UserError | undefined {
    const address = this.key.slice(this.key.lastIndexOf('/') + 1);
    const [self, other] = [ownerIn(this.value), ownerIn(value)];
    const isTwin = self !== undefined && self.id === other?.id;
    if (isTwin && !this.#wasHeld) return undefined;
    return new UserError((isTwin ? idTaken : addressTaken)(address, self, other));
  }
}
