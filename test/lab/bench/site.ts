/** Two hosts with one engine, on which Docker's own overlay driver and tsoverlay have a network each. */
import { type DockerHost, Lab } from '../lab.js';
import { until } from '../process.js';
import { namespaceOf } from '../walkthrough.js';
import { FLOOR_DRIVER, FloorDriver } from './measure/floor-driver.js';

/** What Docker's own overlay is on each: over Consul on the last engine that has it, a swarm's on the newest. */
export const RIVALS = { '20.10.5': 'native', '28.5.2': 'swarm' } as const;
export type BenchEngine = keyof typeof RIVALS;
export type Rival = (typeof RIVALS)[BenchEngine];
export const BENCH_ENGINES = Object.keys(RIVALS) as readonly BenchEngine[];

export const SITE_LAB = 'bench';

export const DRIVERS = ['rival', 'tsoverlay'] as const;
/** `rival` is Docker's own. */
export type Driver = (typeof DRIVERS)[number];

export const NETWORKS = {
  rival: 'rival1',
  tsoverlay: 'tsoverlay1',
  /** tsoverlay's without a card on docker_gwbridge. */
  oneCard: 'onecard1',
  /** The null driver's, on one host. */
  floor: 'floor1',
} as const;
export type Attachable = keyof typeof NETWORKS;

/** Options of `docker network create`. Both count ids from 256, and no host has two VXLAN devices of one id. */
export function creation(driver: Driver, rival: Rival, subnet: string, vxlanId: number): readonly string[] {
  if (driver === 'rival') return ['-d', 'overlay', ...(rival === 'swarm' ? ['--attachable'] : []), '--subnet', subnet];
  const id = `com.docker.network.driver.overlay.vxlanid_list=${vxlanId}`;
  return ['-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', '--subnet', subnet, '-o', id];
}

/**
 * As users run it; the lab's own default is a log of debug lines. 20.10.5 would share a plugin's global network among its
 * engines by itself, and a swarm's manager refuses it.
 */
const SETTINGS = { LOG_LEVEL: 'info', SCOPE: 'local' };

/** Who stays on a host: the one that all talk to or from, or the one beside it. */
type Resident = 'first' | 'neighbour';
type Acceleration = 'auto' | 'off';

export class Site {
  private acceleration: Acceleration = 'off';
  private floor: FloorDriver | undefined;

  private constructor(
    readonly engine: BenchEngine,
    private readonly lab: Lab,
    /** Where containers come and go. */
    readonly here: DockerHost,
    /** Where a container stays on each network. */
    readonly there: DockerHost,
  ) {}

  static async boot(engine: BenchEngine, tell: (line: string) => void): Promise<Site> {
    const options = { name: SITE_LAB, engine, nativeOverlay: RIVALS[engine] === 'native', plugin: false } as const;
    const lab = await Lab.boot(options, tell);
    const site = new Site(engine, lab, lab.host(1), lab.host(2));
    try {
      await site.furnish();
    } catch (e) {
      await site.down();
      throw e;
    }
    return site;
  }

  get rival(): Rival {
    return RIVALS[this.engine];
  }

  async down(): Promise<void> {
    await this.floor?.close();
    await this.lab.down();
  }

  private async furnish(): Promise<void> {
    const { here, there, rival } = this;
    if (rival === 'swarm') await this.makeSwarm();
    await Promise.all([here, there].map((h) => this.startPlugin(h)));
    this.floor = await FloorDriver.start(here);
    const create = (network: string, options: readonly string[]) =>
      here.docker('network', 'create', ...options, network);
    await create(NETWORKS.rival, creation('rival', rival, '172.16.1.0/24', 0));
    await create(NETWORKS.tsoverlay, creation('tsoverlay', rival, '172.16.2.0/24', 4000));
    const oneCard = creation('tsoverlay', rival, '172.16.3.0/24', 4001);
    await create(NETWORKS.oneCard, [...oneCard, '-o', 'tsoverlay.gateway=overlay']);
    await create(NETWORKS.floor, ['-d', FLOOR_DRIVER, '--subnet', '172.16.4.0/24']);
    for (const driver of DRIVERS) await this.stay(driver, there, ['iperf3', '-s']);
  }

  private async makeSwarm(): Promise<void> {
    const { here, there } = this;
    await here.docker('swarm', 'init', '--advertise-addr', here.address);
    const token = await here.docker('swarm', 'join-token', '--quiet', 'worker');
    await there.docker('swarm', 'join', '--token', token, '--advertise-addr', there.address, `${here.address}:2377`);
  }

  startPlugin(h: DockerHost): Promise<void> {
    return h.plugin.start({ ...SETTINGS, ACCELERATE: this.acceleration });
  }

  /** The container that stays on a host's end of a driver's network. */
  resident(driver: Attachable, h: DockerHost, who: Resident = 'first'): string {
    return `${driver.toLowerCase()}-${h.name}-${who}`;
  }

  /** Starts the resident; the other host's network may come a moment after it was created. */
  async stay(network: Attachable, h: DockerHost, command: readonly string[], who: Resident = 'first'): Promise<void> {
    const resident = this.resident(network, h, who);
    const run = ['run', '-d', '--net', NETWORKS[network], '--name', resident, 'busybox', ...command];
    // The engine's own driver has its bad days (see Rounds.failed).
    await until(`${resident} to run`, 30, async () => {
      const { ok } = await h.engine.attempt(...run);
      if (!ok) await h.engine.attempt('rm', '-f', resident);
      return ok;
    });
  }

  /** The resident's address. */
  address(driver: Driver, h: DockerHost, who: Resident = 'first'): Promise<string> {
    const format = `{{(index .NetworkSettings.Networks "${NETWORKS[driver]}").IPAddress}}`;
    return h.docker('inspect', '--format', format, this.resident(driver, h, who));
  }

  /** The file of the resident's network namespace, as the machine sees it. */
  async sandbox(driver: Driver, h: DockerHost, who: Resident = 'first'): Promise<string> {
    return h.host.path(
      await h.docker('inspect', '--format', '{{.NetworkSettings.SandboxKey}}', this.resident(driver, h, who)),
    );
  }

  /** Has tsoverlay on both hosts run with another ACCELERATE; resolves when frames go as it says. */
  async accelerate(wanted: Acceleration): Promise<void> {
    if (wanted === this.acceleration) return;
    this.acceleration = wanted;
    const hosts = [this.here, this.there];
    await Promise.all(hosts.map((h) => h.plugin.stop().then(() => this.startPlugin(h))));
    const inside = `/var/run/docker/netns/${await namespaceOf(this.here, NETWORKS.tsoverlay)}`;
    const to = await this.address('tsoverlay', this.there);
    await until(`ACCELERATE=${wanted}`, 15, async () => {
      const ping = await this.here.engine.attempt('exec', this.resident('tsoverlay', this.here), 'ping', '-c1', to);
      const lane = ['nsenter', `--net=${inside}`, 'ip', '-s', '-j', 'link', 'show', 'lane0'];
      const received = await Promise.all(hosts.map((h) => h.host.attempt(...lane)));
      return (
        ping.ok &&
        received.every(({ ok, stdout }) => (wanted === 'auto' ? ok && /"rx":{"bytes":[1-9]/.test(stdout) : !ok))
      );
    });
  }
}
