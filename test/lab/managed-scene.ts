/** What the tests of the managed plugin share: a lab with it, a network, and containers that come back by themselves. */
import { join } from 'node:path';
import type { EngineVersion } from './cache.js';
import { Lab } from './lab.js';
import { freshPlugin } from './managed-build.js';
import { ManagedPlugin } from './managed-plugin.js';
import type { LabOptions } from './record.js';
import { within } from './waiting.js';

export class ManagedScene {
  private constructor(readonly lab: Lab) {}

  /** Consul keeps its data, for hosts lose their power here. */
  static async boot(engine: EngineVersion, options: Partial<LabOptions> = {}): Promise<ManagedScene> {
    await freshPlugin();
    return new ManagedScene(await Lab.boot({ engine, managed: true, durableConsul: true, ...options }));
  }

  docker(host: number, line: string): Promise<string> {
    return this.lab.host(host).docker(...line.split(' '));
  }

  plugin(host: number): ManagedPlugin {
    const { plugin } = this.lab.host(host);
    if (!(plugin instanceof ManagedPlugin)) throw new Error('the lab was not booted with a managed plugin');
    return plugin;
  }

  /** Network `one`, on both hosts `keep1` and `keep2` that are always restarted. */
  async furnish(): Promise<void> {
    await this.docker(1, 'network create -d tsoverlay --ipam-driver tsoverlay --subnet 172.16.5.0/24 one');
    await within(5_000, 'the network is on docker02', async () =>
      (await this.docker(2, 'network ls --format {{.Name}}')).split('\n').includes('one'),
    );
    for (const host of [1, 2]) await this.keep(host, `keep${host}`);
  }

  async keep(host: number, name: string, net = 'one'): Promise<void> {
    await this.docker(host, `run -d --restart=always --name ${name} --net ${net} busybox sleep infinity`);
  }

  async pings(host: number, from: string, to: string): Promise<boolean> {
    return (await this.lab.host(host).engine.attempt('exec', from, 'ping', '-c1', '-W1', to)).ok;
  }

  /** Waits until each of the two kept containers reaches the other by its name. */
  async bothAnswer(ms: number): Promise<void> {
    await within(ms, 'keep1 reaches keep2 by its name', () => this.pings(1, 'keep1', 'keep2'));
    await within(ms, 'keep2 reaches keep1 by its name', () => this.pings(2, 'keep2', 'keep1'));
  }

  async addressOf(host: number, container: string): Promise<string> {
    return this.docker(host, `inspect --format {{.NetworkSettings.Networks.one.IPAddress}} ${container}`);
  }

  /**
   * Asks for names in a container for so many seconds, about ten times a second each; the questions that were not
   * answered within a second, as seconds since the start.
   */
  async unanswered(host: number, container: string, names: readonly string[], seconds: number): Promise<number[]> {
    const ask = names.map((n) => `nslookup -type=a -timeout=1 -retry=1 ${n} >/dev/null 2>&1 || echo $(up)`).join('; ');
    const script = `up() { cut -d. -f1 /proc/uptime; }; s=$(up); e=$((s + ${seconds})); echo $s; while [ $(up) -lt $e ]; do ${ask}; usleep 100000; done`;
    const output = await this.lab.host(host).docker('exec', container, 'sh', '-c', script);
    const [start = 0, ...failed] = output.split('\n').map(Number);
    return failed.map((at) => at - start);
  }

  /** The same plugin with another file in it: a new version, as far as an engine can tell. */
  async variant(host: number, name: string): Promise<string> {
    const { host: machine } = this.lab.host(host);
    const folder = join('/var/lib', name);
    const from = join(import.meta.dirname, '../../build/plugin');
    await machine.run('sh', '-c', `rm -rf ${folder} && cp -a ${from} ${folder} && touch ${folder}/rootfs/etc/${name}`);
    await machine.run('sed', '-i', `s/Multi-host/${name}: multi-host/`, `${folder}/config.json`);
    // The engine's client runs on the machine.
    return machine.path(folder);
  }
}
