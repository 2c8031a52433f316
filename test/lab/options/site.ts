/** Two hosts in few words, for tests of what people type: a whole line of `docker` is one string. */
import { expect } from 'vitest';
import { Lab } from '../lab.js';
import type { LabOptions } from '../record.js';
import { within } from '../waiting.js';

/** Driver and IPAM driver, as the guide types them. */
export const OURS = '-d tsoverlay --ipam-driver tsoverlay';

/** What stays in Consul when no network is left. */
const LASTING = /^tsoverlay\/(nodes\/|cluster$|pool-guard$|members\/)/;

export class Site {
  constructor(readonly lab: Lab) {}

  static async boot(options: Partial<LabOptions> = {}): Promise<Site> {
    return new Site(await Lab.boot(options));
  }

  /** `docker <line>` on the n-th host: its output; rejects when it fails. */
  docker(host: number, line: string): Promise<string> {
    return this.lab.host(host).docker(...words(line));
  }

  /** What the engine says to a line that it must refuse. */
  async refusal(host: number, line: string): Promise<string> {
    const { ok, stderr, stdout } = await this.lab.host(host).engine.attempt(...words(line));
    expect(ok, `${line}: ${stdout}`).toBe(false);
    return stderr;
  }

  async succeeds(host: number, line: string): Promise<boolean> {
    return (await this.lab.host(host).engine.attempt(...words(line))).ok;
  }

  /** Creates a network on docker01 and waits until docker02 has it. */
  async network(name: string, options: string): Promise<void> {
    await this.docker(1, `network create ${options} ${name}`);
    await this.has(2, name);
  }

  async has(host: number, network: string): Promise<void> {
    await within(2_000, `${network} is on host ${host}`, async () => (await this.networks(host)).includes(network));
  }

  async networks(host: number): Promise<readonly string[]> {
    return lines(await this.docker(host, 'network ls --filter driver=tsoverlay --format {{.Name}}'));
  }

  /** A container that sleeps. */
  run(host: number, name: string, options: string): Promise<string> {
    return this.docker(host, `run -d --name ${name} ${options} busybox sleep infinity`);
  }

  exec(host: number, container: string, command: string): Promise<string> {
    return this.docker(host, `exec ${container} ${command}`);
  }

  /** One field of what inspect tells of a container on a network. */
  async address(host: number, container: string, network: string, field = 'IPAddress'): Promise<string> {
    const format = `{{(index .NetworkSettings.Networks "${network}").${field}}}`;
    return this.lab.host(host).docker('inspect', '--format', format, container);
  }

  ping(host: number, from: string, to: string): Promise<boolean> {
    return this.succeeds(host, `exec ${from} ping -c1 -W2 ${to}`);
  }

  /** The addresses that a container gets for a name. */
  async lookUp(host: number, from: string, name: string): Promise<readonly string[]> {
    const { stdout } = await this.lab.host(host).engine.attempt('exec', from, 'nslookup', name);
    return [...stdout.matchAll(/^Address:?\s+(\S+)$/gm)].map((m) => m[1] ?? '').filter((a) => !a.startsWith('127.'));
  }

  /** Network namespaces of ours on all hosts, without the containers' own. */
  private async namespaces(): Promise<readonly string[]> {
    // The folder is the engine's to make, when it needs it first.
    const lists = await Promise.all(this.lab.hosts.map(({ host }) => host.attempt('ls', '/run/docker/netns')));
    return lists.flatMap(({ stdout }) => lines(stdout)).filter((name) => name.startsWith('1-'));
  }

  /** Removes all containers and networks, and sees that nothing is left of them. */
  async clear(): Promise<void> {
    const hosts = this.lab.hosts.map((_, i) => i + 1);
    for (const host of hosts) {
      const ids = lines(await this.docker(host, 'ps -aq'));
      if (ids.length > 0) await this.docker(host, `rm -f ${ids.join(' ')}`);
    }
    for (const host of hosts)
      for (const name of await this.networks(host)) await this.lab.host(host).engine.attempt('network', 'rm', name);
    await within(5_000, 'no network is left', async () => {
      for (const host of hosts) if ((await this.networks(host)).length > 0) return false;
      return true;
    });
    expect((await this.lab.consul.keys('tsoverlay/')).filter((k) => !LASTING.test(k))).toEqual([]);
    // A host takes its devices down a moment after it has answered the engine.
    await within(2_000, 'no namespace of a network is left', async () => (await this.namespaces()).length === 0);
  }
}

/** As a shell parts them; only single quotes are known. */
const words = (line: string): readonly string[] => [...line.matchAll(/'([^']*)'|\S+/g)].map((m) => m[1] ?? m[0]);
export const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');
