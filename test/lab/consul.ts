/** The Consul server of the lab, on one of its hosts. */
import { consulBinary } from './cache.js';
import type { Host } from './host.js';
import { signal, tail, until } from './process.js';
import { ask } from './unix-http.js';

const PORT = 8500;
/** Beside the port, for whoever is not on the LAN. */
const SOCKET = '/run/consul.sock';
/** The multiplier makes a lone server elect itself in the shortest time that Consul allows. */
const DURABLE = [
  ...['-server', '-bootstrap-expect=1', '-data-dir', '/var/lib/consul'],
  ...['-hcl', 'performance { raft_multiplier = 1 }'],
];

export class Consul {
  /** For CLUSTER_STORE and --cluster-store. */
  readonly url: string;

  constructor(
    private readonly host: Host,
    /** False: the data is in memory, and a new start knows nothing. */
    private readonly durable: boolean,
  ) {
    this.url = `consul://${host.address}:${PORT}`;
  }

  /** Starts the server and waits until it leads. */
  async start(): Promise<void> {
    const mode = this.durable ? DURABLE : ['-dev'];
    const listen = ['-bind', this.host.address, '-hcl', `addresses { http = "0.0.0.0 unix://${SOCKET}" }`];
    await this.host.service('consul', [consulBinary(), 'agent', '-ui', ...mode, ...listen]);
    await until('Consul to elect its leader', 10, async () => {
      if (!this.host.process('consul')) throw new Error(`Consul ended:\n${tail(this.host.log('consul'))}`);
      return (await this.get('/v1/status/leader')).includes(':');
    });
  }

  /** Orderly stop: the agent leaves. */
  stop(): Promise<void> {
    return this.host.endService('consul', 'SIGTERM', 10);
  }

  kill(): Promise<void> {
    return this.host.endService('consul', 'SIGKILL', 5);
  }

  /** Halts the server with its data kept, as an outage that heals does; {@link thaw} ends it. */
  freeze(): void {
    this.signal('SIGSTOP');
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  /** Names of all keys that start with `prefix`, in order. */
  async keys(prefix = ''): Promise<readonly string[]> {
    const answer = await this.get(`/v1/kv/${prefix}?keys`);
    return answer === '' ? [] : (JSON.parse(answer) as string[]);
  }

  /** The key's value, undefined when there is none. */
  async value(key: string): Promise<string | undefined> {
    const { status, body } = await ask(this.host.path(SOCKET), `/v1/kv/${key}?raw`);
    return status === 200 ? body : undefined;
  }

  /** Body of an API answer; empty when Consul says no or does not answer. */
  async get(path: string): Promise<string> {
    const { status, body } = await ask(this.host.path(SOCKET), path);
    return status === 200 ? body : '';
  }

  private signal(name: NodeJS.Signals): void {
    const consul = this.host.process('consul');
    if (consul) signal(consul, name);
  }
}
