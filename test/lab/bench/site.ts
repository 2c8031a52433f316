/** Two hosts with Docker 20.10.5, on which Docker's own overlay driver and tsoverlay each have a network. */
import { type DockerHost, Lab } from '../lab.js';
import { until } from '../process.js';

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

export class Site {
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
    // These engines would share a plugin's global network among themselves.
    await Promise.all(lab.hosts.map((h) => h.plugin.start({ ...SETTINGS, SCOPE: 'local' })));
    const site = new Site(lab, lab.host(1), lab.host(2));
    for (const driver of DRIVERS) {
      const { name, create } = NETWORKS[driver];
      await site.here.docker('network', 'create', ...create, name);
    }
    for (const driver of DRIVERS) await site.stay(driver, site.there, ['iperf3', '-s']);
    return site;
  }

  /** The container that stays on a host's end of a driver's network. */
  resident(driver: Driver, h: DockerHost): string {
    return `${driver}-${h.name}`;
  }

  /** Starts the resident; the other host's network may come a moment after it was created. */
  async stay(driver: Driver, h: DockerHost, command: readonly string[]): Promise<void> {
    const { name } = NETWORKS[driver];
    await until(`${name} on ${h.name}`, 10, async () => (await h.engine.attempt('network', 'inspect', name)).ok);
    await h.docker('run', '-d', '--net', name, '--name', this.resident(driver, h), 'busybox', ...command);
  }

  /** The resident's address. */
  address(driver: Driver, h: DockerHost): Promise<string> {
    const format = `{{(index .NetworkSettings.Networks "${NETWORKS[driver].name}").IPAddress}}`;
    return h.docker('inspect', '--format', format, this.resident(driver, h));
  }
}
