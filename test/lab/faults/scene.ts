/** A lab with one network and what every fault test asks of it. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENGINE } from '../engine-choice.js';
import { type DockerHost, Lab } from '../lab.js';
import type { LabOptions } from '../record.js';
import { within } from '../waiting.js';
import { namespaceOf } from '../walkthrough.js';

export const NET = 'one';
const SUBNET = '172.16.1.0/24';
const CREATE = ['network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay'];

export class Scene {
  private constructor(
    readonly lab: Lab,
    /** Of the network `one`, on every host. */
    readonly namespace: string,
  ) {}

  /** Boots hosts with the network `one` on each. */
  static async boot(options: Partial<LabOptions> = {}): Promise<Scene> {
    const lab = await Lab.boot({ engine: ENGINE, ...options });
    try {
      await lab.host(1).docker(...CREATE, '--subnet', SUBNET, NET);
      for (const h of lab.hosts)
        await within(5_000, `the network is on ${h.name}`, async () =>
          (await h.docker('network', 'ls', '--format', '{{.Name}}')).split('\n').includes(NET),
        );
      return new Scene(lab, await namespaceOf(lab.host(1), NET));
    } catch (e) {
      await lab.down();
      throw e;
    }
  }

  docker(host: number, ...args: string[]): Promise<string> {
    return this.lab.host(host).docker(...args);
  }

  /** A container on the network that stays; its address. */
  async run(host: number, name: string, ...options: string[]): Promise<string> {
    await this.docker(host, 'run', '-d', '--name', name, '--net', NET, ...options, 'busybox', 'sleep', 'infinity');
    return this.address(host, name);
  }

  address(host: number, name: string): Promise<string> {
    return this.docker(host, 'inspect', '--format', `{{.NetworkSettings.Networks.${NET}.IPAddress}}`, name);
  }

  async pings(host: number, from: string, to: string): Promise<boolean> {
    return (await this.lab.host(host).engine.attempt('exec', from, 'ping', '-c1', '-W1', to)).ok;
  }

  /** A line typed on the host, inside the network's namespace. */
  inside(host: number, line: string): Promise<string> {
    return this.lab.host(host).run('nsenter', `--net=/run/docker/netns/${this.namespace}`, 'sh', '-c', line);
  }

  pluginLog(host: number): Promise<string> {
    return readFile(this.lab.host(host).plugin.log(), 'utf8');
  }

  /** Names of the keys in Consul whose path has this part. */
  async keys(part: string): Promise<readonly string[]> {
    return (await this.lab.consul.keys('tsoverlay/')).filter((key) => key.includes(part));
  }

  /** Who the host is, as its record says. */
  nodeId(host: number): Promise<string> {
    return nodeId(this.lab, host);
  }

  startPlugin(host: number): Promise<readonly string[]> {
    return startPlugin(this.lab.host(host));
  }

  down(): Promise<void> {
    return this.lab.down();
  }
}

/** Starts a stopped plugin, waits until it has loaded the cluster, and gives what it did to the kernel. */
export async function startPlugin(h: DockerHost): Promise<readonly string[]> {
  const log = () => readFile(h.plugin.log(), 'utf8');
  const before = (await log()).length;
  await h.plugin.start();
  const since = async () => (await log()).slice(before);
  await within(10_000, 'the cluster is loaded', async () => (await since()).includes('cluster loaded'));
  // The first passes follow in a moment.
  await sleep(500);
  return (await since()).split('\n').filter((line) => line.includes('"msg":"kernel step"'));
}

/** Who the host is, as its record in Consul says; rejects where it has none. */
export async function nodeId(lab: Lab, host: number): Promise<string> {
  const value = await lab.consul.value(`tsoverlay/nodes/${lab.host(host).address}`);
  const { id } = JSON.parse(value ?? '{}') as { id?: string };
  if (id === undefined) throw new Error(`no record of docker0${host}`);
  return id;
}

/** What `ping` says of its packets. */
export function lost(output: string): number {
  const [, sent, received] = /(\d+) packets transmitted, (\d+) packets received/.exec(output) ?? [];
  if (sent === undefined) throw new Error(`no ping statistics in: ${output}`);
  return Number(sent) - Number(received);
}
