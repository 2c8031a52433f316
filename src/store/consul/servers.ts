/** The Consul agents we may ask: one is asked as long as it answers, then the next. */
import type Consul from 'consul';
import { StoreError } from '../../errors.js';
import { NOBODY, type RowPorts } from '../../health/row.js';
import { Backoff, type Leave } from '../backoff.js';
import { closedError } from '../closed.js';
import { StorePulse } from '../pulse.js';
import { MOST_WATCHES } from '../records/heads.js';
import { type Answer, readLeader, readWith } from './answer.js';
import { attempt, type CallOptions } from './attempt.js';
import { agentFor, type ConsulTls, makeClient, REQUEST_TIMEOUT_MS } from './client.js';
import { ConsulToken } from './token.js';

export interface ConsulAddress {
  readonly host: string;
  readonly port: number;
}

export interface AskOptions {
  /** True when doing the request twice is doing it once: it may then be sent again after any failure. */
  readonly repeatable: boolean;
  /** True when a transaction of which the token may do only a part is an answer, not a refusal. */
  readonly takesDenial?: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Connections to a server, 40 with the one that looks for exposure; further requests queue. Consul resets those beyond
 * 200 per client address (`limits.http_max_conns_per_client`), and hosts may share one. Each watch needs one that blocks:
 * nodes, networks, and those of heads.
 */
const MAX_CONNECTIONS = { asking: 5, blocking: 2 + MOST_WATCHES } as const;

/** How often one that we left is asked how it is, ms. */
const LOOK_MS = 30_000;

interface Server {
  readonly address: string;
  readonly client: Consul;
  readonly blocking: Consul;
  readonly backoff: Backoff;
}

type Call = (client: Consul, options: CallOptions) => Promise<unknown>;

export interface WatchOptions {
  /** True for a query that waits for news: it gets a connection of its own. */
  readonly blocking: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export class ConsulServers {
  readonly #servers: readonly Server[];
  /** The one that is asked. */
  #current: Server;
  #looked = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(
    addresses: readonly ConsulAddress[],
    tls?: ConsulTls,
    private readonly token = new ConsulToken(),
    rows: RowPorts<'store.news'> = NOBODY,
    private readonly pulse: Pick<StorePulse, 'answered'> = new StorePulse(),
  ) {
    this.#servers = addresses.map(({ host, port }) => {
      const bracketed = host.includes(':') ? `[${host}]` : host;
      const place = { host: bracketed, port, secure: tls !== undefined };
      const client = (maxSockets: number) => makeClient({ ...place, agent: agentFor(host, maxSockets, tls) });
      return {
        address: `${bracketed}:${port}`,
        client: client(MAX_CONNECTIONS.asking),
        blocking: client(MAX_CONNECTIONS.blocking),
        backoff: new Backoff(rows.of('store.news').row(`${bracketed}:${port}`)),
      };
    });
    const [first] = this.#servers;
    if (first === undefined) throw new RangeError('no Consul server is named');
    this.#current = first;
  }

  /** For sentences: `10.0.0.61:8500, 10.0.0.62:8500`. */
  get addresses(): string {
    return this.#servers.map((s) => s.address).join(', ');
  }

  /** Rejects with a StoreError: the last server's, when none gave an answer; none is asked any more after the end. */
  async ask(
    call: Call,
    { repeatable, takesDenial = false, timeoutMs = REQUEST_TIMEOUT_MS, signal }: AskOptions,
  ): Promise<Answer> {
    let last: StoreError | undefined;
    for (let tries = 0; tries < this.#servers.length; tries++) {
      if (this.#isClosed) throw closedError(this.addresses);
      const server = this.#current;
      const ask = (options: CallOptions) => call(server.client, options);
      const began = performance.now();
      const outcome = await this.#attempt(server, { ask, timeoutMs, takesDenial, signal });
      if ('status' in outcome) {
        this.pulse.answered(performance.now() - began);
        return outcome;
      }
      last = outcome.error;
      if (signal?.aborted || !last.retryable) break;
      this.#leave(server);
      if (!repeatable && !outcome.unsent) break;
    }
    throw last;
  }

  /** The same for a watch, as soon as a server may be asked; an answer is what `read` takes. Rejects with a StoreError. */
  async askForNews<T>(
    call: Call,
    read: (answer: Answer) => T,
    { blocking, timeoutMs, signal }: WatchOptions,
  ): Promise<T> {
    const { server, leave } = await this.#leaveToAsk(blocking, signal);
    const ask = (options: CallOptions) => call(blocking ? server.blocking : server.client, options);
    const outcome = readWith(await this.#attempt(server, { ask, timeoutMs, takesDenial: false, signal }), read);
    if ('found' in outcome) {
      server.backoff.answered(leave, blocking);
      this.pulse.answered(undefined);
      this.#lookAtOthers();
      return outcome.found;
    }
    if (signal.aborted) server.backoff.dropped(leave);
    else {
      server.backoff.failed(leave, outcome.error);
      if (outcome.error.retryable) this.#leave(server);
    }
    throw outcome.error;
  }

  close(): void {
    this.#isClosed = true;
    for (const { client, blocking } of this.#servers) for (const each of [client, blocking]) each.destroy();
  }

  async #leaveToAsk(
    blocking: boolean,
    signal: AbortSignal,
  ): Promise<{ readonly server: Server; readonly leave: Leave }> {
    while (!signal.aborted) {
      for (const server of this.#fromCurrent()) {
        const leave = server.backoff.take(blocking);
        if (leave !== undefined) return { server, leave };
      }
      await this.#changed(signal);
    }
    throw new StoreError('the watch has ended', true);
  }

  /** Resolves when another server may be asked than a moment ago, or when the signal aborts. */
  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        for (const end of ends) end();
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const ends = this.#servers.map(({ backoff }) => backoff.onChange(wake));
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #fromCurrent(): readonly Server[] {
    const at = this.#servers.indexOf(this.#current);
    return [...this.#servers.slice(at), ...this.#servers.slice(0, at)];
  }

  /** What is said of a server that we left is true until it answers again, and nobody else asks it. */
  #lookAtOthers(): void {
    if (performance.now() - this.#looked < LOOK_MS) return;
    this.#looked = performance.now();
    for (const server of this.#servers) {
      const { client, backoff } = server;
      if (server === this.#current || !backoff.isFailing) continue;
      const ask = (options: CallOptions) => client.status.leader(options);
      const rest = { timeoutMs: REQUEST_TIMEOUT_MS, takesDenial: false, signal: undefined };
      void this.#attempt(server, { ask, ...rest }).then((answered) => {
        const outcome = readWith(answered, readLeader);
        if ('error' in outcome) backoff.failed('all', outcome.error);
        else backoff.answered('all', false);
      });
    }
  }

  #attempt({ address }: Server, request: Omit<Parameters<typeof attempt>[0], 'address' | 'token'>) {
    return attempt({ address, token: this.token, ...request });
  }

  /** Of many calls that fail together only the first moves us on. */
  #leave(server: Server): void {
    if (this.#current === server) this.#current = this.#fromCurrent()[1] ?? server;
  }
}
