/** A real Consul server on loopback, on ports and with a data folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { consulBinary } from '../lab/cache.js';

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export class ConsulAgent {
  #process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly dataDir: string,
    private readonly args: readonly string[],
    /** What {@link request} shows, for an agent with ACLs. */
    private readonly token: string,
  ) {}

  /** Not started yet. With more than one expected server it never gets a leader; `settings` is HCL. */
  static async make(expectedServers = 1, settings = '', token = ''): Promise<ConsulAgent> {
    if (!existsSync(consulBinary())) throw new Error(`${consulBinary()} is missing: run npm run prepare:machine`);
    const [http = 0, server, lan, wan] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    const dataDir = await mkdtemp(join(tmpdir(), 'tsoverlay-consul-'));
    const ports = ['-http-port', http, '-server-port', server, '-serf-lan-port', lan, '-serf-wan-port', wan];
    const others = ['-dns-port', -1, '-grpc-port', -1];
    const server1 = ['-server', '-bootstrap-expect', expectedServers, '-bind', '127.0.0.1', '-client', '127.0.0.1'];
    const args = ['agent', ...server1, '-data-dir', dataDir, ...ports, ...others, '-log-level', 'err'];
    // Election in half a second instead of three.
    const hcl = `performance { raft_multiplier = 1 } ${settings}`;
    return new ConsulAgent(http, dataDir, [...args, '-hcl', hcl].map(String), token);
  }

  start(): void {
    this.#process = spawn(consulBinary(), this.args, { stdio: 'ignore' });
  }

  /** Resolves when it takes writes. */
  async leads(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const answer = await this.request('PUT', '/v1/kv/leads', 'x').catch(() => undefined);
      if (answer?.ok) return;
      await sleep(50);
    }
    throw new Error('Consul has no leader after 10 s');
  }

  request(method: string, path: string, body?: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      ...(this.token !== '' && { headers: { 'X-Consul-Token': this.token } }),
      ...(body !== undefined && { body }),
    });
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
