/** Two hosts with Docker 20.10.5, on which Docker's own overlay driver and tsoverlay each have a network. */
import { type DockerHost, Lab } from '../lab.js';
import { until } from '../process.js';
import { namespaceOf } from '../walkthrough.js';

/** The last engine whose own overlay driver keeps its networks in Consul. */
export const BASELINE = '20.10.5';
export const SITE_LAB = 'bench';

export const DRIVERS = ['native', 'tsoverlay'] as const;
export type Driver = (typeof DRIVERS)[number];

export const NETWORKS: Readonly<Record<Driver, { readonly name: string; readonly create: readonly string[] }>> = {
  native: { name: 'native1', create: ['-d', 'overlay', '--subnet', '172.16.1.0/24'] },
  tsoverlay: {
    name: 'tsoverlay1',
    create: [
      ...['-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', '--subnet', '172.16.2.0/24'],
      // Both count from 256, and no host has two VXLAN devices of one id.
      ...['-o', 'com.docker.network.driver.overlay.vxlanid_list=4000'],
    ],
  },
};

/** As users run it; the lab's own default is a log of debug lines. */
export const SETTINGS = { LOG_LEVEL: 'info' };
/** These engines would share a plugin's global network among themselves. */
const LOCAL = { ...SETTINGS, SCOPE: 'local' };

/** Who stays on a host: the one that all talk to or from, or the one beside it. */
type Resident = 'first' | 'neighbour';
type Acceleration = 'auto' | 'off';

export class Site {
  private acceleration: Acceleration = 'off';

  private constructor(
    readonly lab: Lab,
    /** Where containers come and go. */
    readonly here: DockerHost,
    /** Where a container stays on each network. */
    readonly there: DockerHost,
  ) {}

  static async boot(tell: (line: string) => void): Promise<Site> {
    const options = { name: SITE_LAB, engine: BASELINE, nativeOverlay: true, plugin: false } as const;
    const lab = await Lab.boot(options, tell);
    await Promise.all(lab.hosts.map((h) => h.plugin.start({ ...LOCAL, ACCELERATE: 'off' })));
    const site = new Site(lab, lab.host(1), lab.host(2));
    for (const driver of DRIVERS) {
      const { name, create } = NETWORKS[driver];
      await site.here.docker('network', 'create', ...create, name);
    }
    for (const driver of DRIVERS) await site.stay(driver, site.there, ['iperf3', '-s']);
    return site;
  }

  /** The container that stays on a host's end of a driver's network. */
  resident(driver: Driver, h: DockerHost, who: Resident = 'first'): string {
    return `${driver}-${h.name}-${who}`;
  }

  /** Starts the resident; the other host's network may come a moment after it was created. */
  async stay(driver: Driver, h: DockerHost, command: readonly string[], who: Resident = 'first'): Promise<void> {
    const { name } = NETWORKS[driver];
    await until(`${name} on ${h.name}`, 10, async () => (await h.engine.attempt('network', 'inspect', name)).ok);
    const resident = this.resident(driver, h, who);
    // The engine's own driver has its bad days (see Rounds.failed).
    await until(`${resident} to run`, 30, async () => {
      const { ok } = await h.engine.attempt('run', '-d', '--net', name, '--name', resident, 'busybox', ...command);
      if (!ok) await h.engine.attempt('rm', '-f', resident);
      return ok;
    });
  }

  /** The resident's address. */
  address(driver: Driver, h: DockerHost, who: Resident = 'first'): Promise<string> {
    const format = `{{(index .NetworkSettings.Networks "${NETWORKS[driver].name}").IPAddress}}`;
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
    await Promise.all(hosts.map((h) => h.plugin.restart({ ...LOCAL, ACCELERATE: wanted })));
    const inside = `/var/run/docker/netns/${await namespaceOf(this.here, NETWORKS.tsoverlay.name)}`;
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
