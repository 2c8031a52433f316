/** A host without an engine: its own network, mounts and name, the real plugin, and a stand-in for the engine. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rssMiB } from '../bench/measure/footprint.js';
import { Host } from '../host.js';
import { lanAddress, OUTSIDE } from '../lan.js';
import { Plugin } from '../plugin.js';
import type { AttachTimes, Container } from './engine-containers.js';
import { newId, type StoredNetwork } from './engine-networks.js';
import { connections, type Reading, read } from './meter.js';
import { makeSandboxes, removeSandboxes } from './sandbox.js';
import { StandIn } from './stand-in.js';

const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const LOOP = join(import.meta.dirname, 'loop.mjs');

/** Of one second, ms: see loop.mjs. */
export interface LoopSecond {
  /** Since 1970, in seconds. */
  readonly second: number;
  readonly late: number;
  readonly busy: number;
}

/** A host that nothing runs on yet. */
export const makeHost = (lab: string, name: string, n: number): Host => new Host(lab, name, lanAddress(n), PATH);

export class LightHost {
  readonly engine: StandIn;
  readonly plugin: Plugin;

  constructor(
    readonly host: Host,
    store: string,
  ) {
    this.engine = new StandIn(host);
    this.plugin = new Plugin(host, store);
  }

  get name(): string {
    return this.host.name;
  }

  /** `watched`: its event loop is, which costs it a little. */
  async start(watched: boolean): Promise<void> {
    await this.host.powerOn(OUTSIDE);
    await this.host.run('mkdir', '-p', '/run/docker/netns');
    // As on any host that has ever had a container of ours: without it every news of a network is a look for a subnet.
    await this.host.run('ip', 'link', 'add', 'docker_gwbridge', 'up', 'type', 'bridge');
    await this.engine.serve();
    await this.plugin.start({ LOG_LEVEL: 'info', ...(watched ? { NODE_OPTIONS: `--import=${LOOP}` } : {}) });
  }

  read(): Reading {
    return read(this.host);
  }

  rssMiB(): number {
    return rssMiB(this);
  }

  connections(): number {
    return connections(this.host);
  }

  /** The seconds that were watched since `second`. */
  loop(since: number): readonly LoopSecond[] {
    const lines = readFileSync(this.host.path('/run/scale-loop'), 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as LoopSecond).filter(({ second }) => second >= since);
  }

  /** As {@link Host.path}; a link of the host, as /var/run is one, would lead to the machine's own. */
  path(path: string): string {
    return this.host.path(path.replace(/^\/var\/run/, '/run'));
  }

  /** The network of this name, once the plugin has made it here. */
  network(name: string): StoredNetwork {
    const found = this.engine.networks.find(name);
    if (found === undefined) throw new Error(`${this.name} has no network ${name}`);
    return found;
  }

  /** Ids of containers to come, whose namespaces stand. */
  async sandboxes(count: number): Promise<readonly string[]> {
    const ids = Array.from({ length: count }, newId);
    await makeSandboxes(this.host, ids);
    return ids;
  }

  run(network: string, name: string, id?: string): Promise<Container & AttachTimes> {
    return this.engine.containers.run(this.network(network), name, id);
  }

  /** Removes containers that have a namespace, one after the other. */
  async removeAll(containers: readonly Container[]): Promise<void> {
    for (const container of containers) await this.engine.containers.remove(container);
    await removeSandboxes(
      this.host,
      containers.map((c) => c.id),
    );
  }
}
