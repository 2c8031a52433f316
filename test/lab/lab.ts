/** A whole lab: a LAN, hosts with Docker engines, a Consul server, the plugin. Boots in parallel, lives on disk. */

import { enginePath, fillCache } from './cache.js';
import { Consul } from './consul.js';
import { Engine } from './engine.js';
import { Host } from './host.js';
import { makeImage } from './image.js';
import { Lan, lanAddress, OUTSIDE } from './lan.js';
import { raiseLimits } from './limits.js';
import { ManagedPlugin } from './managed-plugin.js';
import { Plugin } from './plugin.js';
import { DEFAULTS, type LabOptions, readRecord, writeRecord } from './record.js';
import { SLOWNESS } from './slowness.js';
import { makeRoom, removeLab } from './sweep.js';

/** A host with what runs on it. */
export interface DockerHost {
  readonly name: string;
  readonly address: string;
  readonly host: Host;
  readonly engine: Engine;
  readonly plugin: Plugin;
  /** `docker …` on this host: its output; rejects with its error output when it fails. */
  docker(...args: readonly string[]): Promise<string>;
  /** Any command on this host, likewise. */
  run(...argv: readonly string[]): Promise<string>;
}

export class Lab {
  readonly hosts: readonly DockerHost[];
  readonly lan: Lan;
  /** On docker01; not started when the lab has none. */
  readonly consul: Consul;

  private constructor(readonly options: LabOptions) {
    // A dash would make one lab's names begin like another's, and the sweep goes by that.
    if (!/^[a-z0-9.]+$/.test(options.name)) throw new Error(`a lab's name has small letters, digits and dots only`);
    const { name, engine, hosts, consul, nativeOverlay, engineOptions } = options;
    const made = Array.from({ length: hosts }, (_, i) => {
      const hostName = `docker${String(i + 1).padStart(2, '0')}`;
      return new Host(name, hostName, lanAddress(i + 1), enginePath(engine));
    });
    const first = made[0];
    if (!first) throw new Error('a lab has one host at least');
    this.lan = new Lan(name);
    this.consul = new Consul(first, options.durableConsul);
    const store = consul ? this.consul.url : '';
    this.hosts = made.map((host) => {
      const cluster = [`--cluster-store=${store}`, `--cluster-advertise=${host.address}:2376`];
      const e = new Engine(host, engine, nativeOverlay ? [...cluster, ...engineOptions] : engineOptions);
      const plugin = options.managed ? new ManagedPlugin(host, store, e) : new Plugin(host, store, options.main);
      const { name, address } = host;
      return { name, address, host, engine: e, plugin, docker: e.docker.bind(e), run: host.run.bind(host) };
    });
  }

  /** Boots a lab, about 3 s; downloads what the cache lacks. When it fails nothing is left. */
  static async boot(wanted: Partial<LabOptions> = {}, tell: (line: string) => void = () => {}): Promise<Lab> {
    if (process.getuid?.() !== 0) throw new Error('the lab makes namespaces, mounts and cgroups: run it as root');
    const options = { ...DEFAULTS, ...wanted };
    const lab = new Lab(options);
    // On a host of its own tsoverlay raises these; here all hosts share the machine's, which only it can set.
    raiseLimits();
    await Promise.all([fillCache([options.engine], tell), makeImage(tell), makeRoom(options.name)]);
    await writeRecord(options);
    try {
      await lab.lan.build(
        lab.hosts.map((h) => h.host),
        options.mtu,
      );
      const powerOn = (h: DockerHost) => lab.powerOn(h);
      const on = SLOWNESS > 1 ? inTurn(lab.hosts, powerOn) : Promise.all(lab.hosts.map(powerOn));
      await Promise.all([lab.lan.serveNames(), on]);
      return lab;
    } catch (e) {
      await lab.down();
      throw e;
    }
  }

  /** Finds a lab that another process has booted. */
  static async attach(name: string): Promise<Lab> {
    const record = await readRecord(name);
    if (!record) throw new Error(`there is no lab ${name}: npm run lab -- up`);
    return new Lab(record.options);
  }

  /** The n-th host, n from 1, or the host of that name. */
  host(which: number | string): DockerHost {
    const found = typeof which === 'number' ? this.hosts[which - 1] : this.hosts.find((h) => h.name === which);
    if (!found) throw new Error(`the lab has no host ${which}: it has ${this.hosts.map((h) => h.name).join(', ')}`);
    return found;
  }

  /** Powers a host on and starts all that belongs on it; the disk is as it was left. */
  async powerOn(h: DockerHost): Promise<void> {
    const { consul, plugin, nativeOverlay } = this.options;
    const hasPlugin = typeof plugin === 'number' ? this.hosts.indexOf(h) < plugin : plugin;
    await h.host.powerOn(OUTSIDE);
    const store = consul && h === this.hosts[0] ? this.consul.start() : Promise.resolve();
    // The native driver asks for the store once and gives up.
    if (nativeOverlay) await store;
    const engine = h.engine.start().then(() => h.engine.loadImage());
    await Promise.all([store, engine, hasPlugin ? h.plugin.boot(engine) : undefined]);
  }

  /** kill -9 of the host's first process: all of its processes and mounts are gone at once. */
  powerLoss(h: DockerHost): Promise<void> {
    return h.host.powerOff();
  }

  /** Orderly shutdown if it runs, then powers it on. */
  async reboot(h: DockerHost): Promise<void> {
    if (h.host.isOn()) {
      // A managed plugin goes with its engine, and is to be enabled at the next start.
      await h.engine.stop();
      if (!this.options.managed) await h.plugin.stop();
      await h.host.powerOff();
    }
    await this.powerOn(h);
  }

  /** Ends everything and removes every trace but the cache. */
  down(): Promise<void> {
    return removeLab(this.options.name);
  }
}

/** Where all at once is too much for the machine. */
async function inTurn<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  for (const one of all) await work(one);
}
