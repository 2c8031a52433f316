/** The Consul server of the lab, on one of its hosts. */
import { consulBinary } from './cache.js';
import type { Host } from './host.js';
import { freeze, signal, tail, until } from './process.js';
import { type Answer, ask } from './unix-http.js';

const PORT = 8500;
/** Beside the port, for whoever is not on the LAN. */
const SOCKET = '/run/consul.sock';
/** The multiplier makes a lone server elect itself in the shortest time that Consul allows. */
const DURABLE = [
  ...['-server', '-bootstrap-expect=1', '-data-dir', '/var/lib/consul'],
  ...['-hcl', 'performance { raft_multiplier = 1 }'],
];

/** An operator may have raised it from 512 KB; tests put values that large. */
const LIMITS = ['-hcl', 'limits { kv_max_value_size = 2097152 }'];

export class Consul {
  /** For CLUSTER_STORE and --cluster-store. */
  readonly url: string;

  constructor(
    private readonly host: Host,
    /** False: the data is in memory, and a new start knows nothing. */
    private readonly durable: boolean,
    /** More options of the agent. */
    private readonly options: readonly string[] = [],
  ) {
    this.url = `consul://${host.address}:${PORT}`;
  }

  /** Starts the server and waits until it serves its data. */
  async start(): Promise<void> {
    const mode = this.durable ? DURABLE : ['-dev'];
    const listen = ['-bind', this.host.address, '-hcl', `addresses { http = "0.0.0.0 unix://${SOCKET}" }`];
    await this.host.service('consul', [consulBinary(), 'agent', '-ui', ...mode, ...listen, ...LIMITS, ...this.options]);
    await until('Consul to answer', 10, async () => {
      if (!this.host.process('consul')) throw new Error(`Consul ended:\n${tail(this.host.log('consul'))}`);
      // Only a server that leads, and has read its log to the end, answers a consistent read.
      const { status } = await this.ask('/v1/kv/?keys&consistent');
      return status === 200 || status === 404;
    });
  }

  /** Orderly stop: the agent leaves. */
  stop(): Promise<void> {
    return this.host.endService('consul', 'SIGTERM', 10);
  }

  kill(): Promise<void> {
    return this.host.endService('consul', 'SIGKILL', 5);
  }

  /** Halts the server with its connections open, as a network outage looks to its clients; {@link thaw} ends it. */
  async freeze(): Promise<void> {
    const consul = this.host.process('consul');
    if (consul) await freeze(consul);
  }

  thaw(): void {
    const consul = this.host.process('consul');
    if (consul) signal(consul, 'SIGCONT');
  }

  /** Names of all keys that start with `prefix`, in order. */
  async keys(prefix = ''): Promise<readonly string[]> {
    const answer = await this.read(`/v1/kv/${prefix}?keys`);
    return answer === undefined ? [] : (JSON.parse(answer) as string[]);
  }

  /** The key's value, undefined when there is none. */
  value(key: string): Promise<string | undefined> {
    return this.read(`/v1/kv/${key}?raw`);
  }

  /** Writes a key as an operator would, whatever its value. */
  async put(key: string, value: string): Promise<void> {
    const { status, body } = await ask(this.host.path(SOCKET), `/v1/kv/${key}`, 'PUT', value);
    if (status !== 200) throw new Error(`Consul: ${key}: status ${status} ${body}`);
  }

  /** Removes a key as an operator would; gone already is success. */
  async remove(key: string): Promise<void> {
    const { status, body } = await ask(this.host.path(SOCKET), `/v1/kv/${key}`, 'DELETE');
    if (status !== 200) throw new Error(`Consul: ${key}: status ${status} ${body}`);
  }

  /** Body of an answer of the HTTP API, undefined for a 404; rejects when Consul does not answer. */
  async read(path: string): Promise<string | undefined> {
    const { status, body } = await this.ask(path);
    if (status !== 200 && status !== 404) throw new Error(`Consul: ${path}: status ${status} ${body}`);
    return status === 200 ? body : undefined;
  }

  private ask(path: string): Promise<Answer> {
    return ask(this.host.path(SOCKET), path);
  }
}
