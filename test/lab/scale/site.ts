/** Light hosts on a LAN, a Consul server with a data directory on one of its own, and hosts that are records alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fillCache } from '../cache.js';
import { Consul } from '../consul.js';
import type { Host } from '../host.js';
import { Lan, OUTSIDE } from '../lan.js';
import { raiseLimits } from '../limits.js';
import { until } from '../process.js';
import { DEFAULTS, writeRecord } from '../record.js';
import { makeRoom, removeLab } from '../sweep.js';
import { LightHost, makeHost } from './light-host.js';
import { type Use, uses } from './meter.js';
import { Population } from './population.js';
import { RequestLog } from './requests.js';
import { Store } from './store.js';

/** Its own for each process, so that two runs leave each other alone. */
const SCALE_LAB = `scale${process.pid}`;
const MTU = 1500;

export class Site {
  readonly consul: Consul;
  readonly hosts: readonly LightHost[];
  readonly records: Population;
  private readonly lan = new Lan(SCALE_LAB);
  private readonly server: Host;

  private constructor(real: number, records: number) {
    this.server = makeHost(SCALE_LAB, 'consul01', 1);
    // Its log tells each request, which is how they are counted.
    this.consul = new Consul(this.server, true, ['-log-level', 'debug']);
    this.hosts = Array.from({ length: real }, (_, i) => {
      const name = `docker${String(i + 1).padStart(2, '0')}`;
      return new LightHost(makeHost(SCALE_LAB, name, i + 2), this.consul.url);
    });
    this.records = new Population(new Store(this.server), records);
  }

  /** The last one of the real hosts has its event loop watched. When it fails nothing is left. */
  static async boot(real: number, records: number, tell: (line: string) => void): Promise<Site> {
    if (process.getuid?.() !== 0) throw new Error('the bench makes namespaces and mounts: run it as root');
    raiseLimits();
    await Promise.all([fillCache([], tell), makeRoom(SCALE_LAB)]);
    await writeRecord({ ...DEFAULTS, name: SCALE_LAB, hosts: real, durableConsul: true });
    const site = new Site(real, records);
    try {
      tell(`${real} real hosts and ${records} that are records, one Consul server`);
      await site.lan.build([site.server, ...site.hosts.map((h) => h.host)], MTU);
      await site.server.powerOn(OUTSIDE);
      await site.consul.start();
      // One after the other: together, on few cores, none would be ready within its limit.
      for (const h of site.hosts) await h.start(h === site.hosts[1]);
      await site.records.register();
      return site;
    } catch (e) {
      await site.down();
      throw e;
    }
  }

  /** The n-th real host, n from 1. */
  host(n: number): LightHost {
    const found = this.hosts[n - 1];
    if (found === undefined) throw new Error(`there is no host ${n}`);
    return found;
  }

  requests(): RequestLog {
    return new RequestLog(this.server.log('consul'));
  }

  /** Waits until every host's plugin has made this network there. */
  async everywhere(network: string): Promise<void> {
    await until(`network ${network} on all hosts`, 30, () =>
      this.hosts.every((h) => h.engine.networks.find(network) !== undefined),
    );
  }

  /** What each host uses with each of these pieces of work, one after the other. */
  async measure(pieces: readonly (() => Promise<unknown>)[]): Promise<ReadonlyMap<LightHost, readonly Use[]>> {
    const readings = new Map(this.hosts.map((h) => [h, [h.read()]]));
    for (const piece of pieces) {
      await piece();
      for (const [h, read] of readings) read.push(h.read());
    }
    return new Map([...readings].map(([h, read]) => [h, uses(read)]));
  }

  /** What each host uses when nothing happens, in each half second of these. */
  idle(seconds: number): Promise<ReadonlyMap<LightHost, readonly Use[]>> {
    return this.measure(Array.from({ length: seconds * 2 }, () => () => sleep(500)));
  }

  async down(): Promise<void> {
    for (const h of this.hosts) h.engine.close();
    await removeLab(SCALE_LAB);
  }
}
