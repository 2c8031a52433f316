/** Two hosts, a network that is attacked, and one that must not notice; on each a container at both hosts. */
import { type DockerHost, Lab } from '../lab.js';
import { ManagedPlugin } from '../managed-plugin.js';
import { Site } from '../options/site.js';
import type { LabOptions } from '../record.js';
import { within } from '../waiting.js';
import { namespaceOf } from '../walkthrough.js';
import type { Targets } from './floods.js';

const OURS = '-d tsoverlay --ipam-driver tsoverlay';
/** As users run it; the lab's own default is a log of debug lines. */
const SETTINGS = { LOG_LEVEL: 'info' };
const VNI = 4000;
/** The attacked network: a /16, for the attacker has no use for a small one. */
const HIT = { 4: '172.21.0.0', 6: 'fd00:21::' } as const;
const GATEWAY = { 4: '172.21.255.254', 6: 'fd00:21::1' } as const;
const PEER = { 4: '172.21.0.20', 6: 'fd00:21::20' } as const;

export type HostNumber = 1 | 2;
export const BOTH: readonly HostNumber[] = [1, 2];

export class Field {
  private constructor(
    readonly lab: Lab,
    readonly site: Site,
    readonly targets: Targets,
    /** Names of the networks' namespaces, the attacked one's first. */
    readonly namespaces: readonly string[],
  ) {}

  static async boot(options: Partial<LabOptions>): Promise<Field> {
    const lab = await Lab.boot({ ...options, plugin: false });
    try {
      await Promise.all(lab.hosts.map((h) => h.plugin.start(SETTINGS)));
      const site = new Site(lab);
      const v4 = `--subnet ${HIT[4]}/16 --gateway ${GATEWAY[4]}`;
      await site.network('hit', `${OURS} ${v4} --ipv6 --subnet ${HIT[6]}/64 --gateway ${GATEWAY[6]}`);
      const vni = `-o com.docker.network.driver.overlay.vxlanid_list=${VNI}`;
      await site.network('victim', `${OURS} --subnet 172.20.0.0/24 ${vni}`);
      await site.run(1, 'target1', '--net hit --ip 172.21.0.10 --ip6 fd00:21::10');
      await site.run(2, 'target2', `--net hit --ip ${PEER[4]} --ip6 ${PEER[6]}`);
      for (const host of BOTH) await site.run(host, `victim${host}`, '--net victim');
      const [ownVictim, otherVictim] = [await victim(site, 1), await victim(site, 2)];
      const peerMac = await site.address(2, 'target2', 'hit', 'MacAddress');
      const [ownHost, otherHost] = [lab.host(1).address, lab.host(2).address];
      const around = { network: HIT, gateway: GATEWAY, peer: PEER, peerMac, name: 'target2', vni: VNI };
      const targets = { ...around, ownHost, otherHost, ownVictim, otherVictim };
      const namespaces = [await namespaceOf(lab.host(1), 'hit'), await namespaceOf(lab.host(1), 'victim')];
      return new Field(lab, site, targets, namespaces);
    } catch (e) {
      await lab.down();
      throw e;
    }
  }

  host(which: HostNumber): DockerHost {
    return this.lab.host(which);
  }

  /** After a flood that the plugin has not stood: the next one is to find all in order. */
  async restore(): Promise<void> {
    for (const host of BOTH) {
      await this.host(host).engine.attempt('rm', '-f', 'attacker');
      const { plugin } = this.host(host);
      if (plugin.isRunning()) continue;
      // The engine starts its own again, unless it has given up.
      await within(5_000, 'the engine has started it again', async () => plugin.isRunning()).catch(() => {});
      if (!plugin.isRunning()) await plugin.start(SETTINGS);
    }
    for (const [from, to] of [
      [1, 'victim2'],
      [2, 'victim1'],
    ] as const)
      await within(30_000, `${to} answers`, () => this.site.ping(from, `victim${from}`, to));
  }

  /** The plugin's process as its host numbers it, and where its /proc is; undefined when it does not run. */
  plugin(which: HostNumber): { readonly pid: string; readonly proc: string } | undefined {
    const { plugin, host } = this.host(which);
    const managed = plugin instanceof ManagedPlugin;
    const pid = managed ? plugin.pid() : host.process('tsoverlay')?.pid;
    return pid === undefined
      ? undefined
      : { pid: `${pid}`, proc: managed ? host.path(`/proc/${pid}`) : `/proc/${pid}` };
  }

  /** A line typed on the host, inside a network's namespace. */
  inside(which: HostNumber, namespace: string, line: string): Promise<string> {
    return this.host(which).run('nsenter', `--net=/run/docker/netns/${namespace}`, 'sh', '-c', line);
  }
}

async function victim(site: Site, host: HostNumber): Promise<{ readonly address: string; readonly mac: string }> {
  const field = (name: string) => site.address(host, `victim${host}`, 'victim', name);
  return { address: await field('IPAddress'), mac: await field('MacAddress') };
}
