/** Two real engines with an encrypted network and a plain one, and what people and enemies do to the first host. */
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { Protocol } from 'netlink/dist/constants.js';
import { Wireguard } from '../../../src/kernel/crypt/wireguard.js';
import { listLinks } from '../../../src/kernel/links/links.js';
import { Rtnetlink } from '../../../src/kernel/netlink/rtnetlink.js';
import { withNamespace } from '../../../src/kernel/system/netns.js';
import { CRYPT_NAMESPACE, NETNS_DIR } from '../../../src/model/values/names.js';
import { forgedPing } from '../../kernel/forger.js';
import { OURS, Site } from '../options/site.js';
import { netnsPath } from '../paths.js';
import { MARKS, type Which, Wire } from './wire.js';

const MESH = `${NETNS_DIR}/${CRYPT_NAMESPACE}`;
const SUBNETS = { encrypted: '172.16.5.0/24', plain: '172.16.6.0/24' } as const;
const VNIS = { encrypted: 305, plain: 306 } as const;

export class Engines {
  private constructor(readonly site: Site) {}

  static async boot(): Promise<Engines> {
    return new Engines(await Site.boot({ engine: '28.5.2' }));
  }

  /** Both networks, and on the n-th host a container `cN` of both. */
  async furnish(): Promise<void> {
    const { site } = this;
    const place = (which: Which) =>
      `${OURS} --subnet ${SUBNETS[which]} -o com.docker.network.driver.overlay.vxlanid_list=${VNIS[which]}`;
    await site.network('encrypted', `${place('encrypted')} -o encrypted`);
    await site.network('plain', place('plain'));
    for (const host of [1, 2]) {
      await site.run(host, `c${host}`, '--net encrypted');
      await site.docker(host, `network connect plain c${host}`);
    }
  }

  /** The first host's cable. */
  tap(): Promise<Wire> {
    return Wire.tap(netnsPath(this.site.lab.host(1).host.machineName));
  }

  /** So many marked packets a fifth of a second apart, from c1 to c2: how many were lost. */
  async lost(which: Which, count: number, ...more: readonly string[]): Promise<number> {
    const address = await this.site.address(2, 'c2', which);
    const sandbox = await this.site.lab.host(1).docker('inspect', '--format', '{{.NetworkSettings.SandboxKey}}', 'c1');
    const mark = Buffer.from(MARKS[which]).toString('hex');
    const ping = ['ping', '-q', '-i', '0.2', '-c', String(count), '-W', '5', '-p', mark, '-s', '64', ...more, address];
    const argv = this.site.lab.host(1).host.entered(['nsenter', `--net=${sandbox}`, ...ping]);
    const { stdout } = await execa(argv[0] ?? '', argv.slice(1), { reject: false });
    const [, sent = '0', got = '0'] = stdout.match(/(\d+) packets transmitted, (\d+) received/) ?? [];
    if (Number(sent) !== count) throw new Error(`sent ${sent} of ${count}: ${stdout}`);
    return count - Number(got);
  }

  async reaches(which: Which, ...more: readonly string[]): Promise<boolean> {
    return (await this.lost(which, 1, ...more)) === 0;
  }

  /** Echo requests in VXLAN that no card has made, one by each way of sending: how many come to c2. */
  async forged(which: Which, ways: readonly ((frame: Buffer) => unknown)[]): Promise<number> {
    const { site } = this;
    const [mac, target] = [await site.address(2, 'c2', which, 'MacAddress'), await site.address(2, 'c2', which)];
    // No byte of a frame may be a newline: bash would send what is before it as a datagram of its own.
    const frame = forgedPing(VNIS[which], mac, target.replace(/\d+$/, '66'), target);
    const before = await this.echoes();
    for (const send of ways) await send(frame);
    await sleep(500);
    return (await this.echoes()) - before;
  }

  /** A container's network namespace on the first host, as a path of this machine. */
  async netnsOf(container: string): Promise<string> {
    const pid = await this.site.docker(1, `inspect --format {{.State.Pid}} ${container}`);
    return this.site.lab.host(1).host.path(`/proc/${pid}/ns/net`);
  }

  /** Where the n-th host takes VXLAN in the mesh. */
  async vtep(host: number): Promise<string> {
    const told = await this.site.lab.host(host).run('nsenter', `--net=${MESH}`, 'ip', '-o', '-4', 'addr');
    const found = / (10\.[\d.]+)\/32 /.exec(told)?.[1];
    if (found === undefined) throw new Error(`no VTEP in ${told}`);
    return found;
  }

  private async echoes(): Promise<number> {
    const [names, values] = (await this.site.exec(2, 'c2', 'grep ^Icmp: /proc/net/snmp')).split('\n');
    return Number(values?.split(' ')[names?.split(' ').indexOf('InEchos') ?? -1]);
  }

  /** A line typed on the first host, inside its mesh. */
  inMesh(line: string): Promise<string> {
    return this.site.lab.host(1).run('nsenter', `--net=${MESH}`, 'sh', '-c', line);
  }

  /** A line typed on the first host. */
  onHost(line: string): Promise<string> {
    return this.site.lab.host(1).run('sh', '-c', line);
  }

  /** Names of the first host's WireGuard devices. */
  async devices(): Promise<readonly string[]> {
    // Not /sys: that is the host's.
    const names = await this.inMesh('ip -o link | cut -d: -f2');
    return names.split(/\s+/).filter((name) => name.startsWith('wg'));
  }

  /** The first host's keys become as old as that. */
  async age(ms: number): Promise<void> {
    const { host, plugin } = this.site.lab.host(1);
    await plugin.stop();
    const path = host.path('/var/lib/tsoverlay/keys.json');
    const made = /"made":(\d+)/g;
    await writeFile(
      path,
      (await readFile(path, 'utf8')).replace(made, (_, at) => `"made":${Number(at) - ms}`),
    );
    await plugin.start();
  }

  /** How many peers the first host's devices have. */
  async peers(): Promise<number> {
    // A host's /var/run is a link, which would lead from here to the machine's own.
    const path = this.site.lab.host(1).host.path(MESH.replace(/^\/var\/run/, '/run'));
    const { socket, generic } = withNamespace(path, () => ({
      socket: new Rtnetlink(),
      generic: new Rtnetlink(Protocol.GENERIC),
    }));
    try {
      const wireguard = new Wireguard(generic);
      const links = (await listLinks(socket)).filter((link) => link.kind === 'wireguard');
      const found = await Promise.all(links.map(({ name }) => wireguard.show(name)));
      return found.reduce((sum, { peers }) => sum + peers.length, 0);
    } finally {
      socket.close();
      generic.close();
    }
  }

  /** `tsoverlay …` on the first host, with the settings of the server. */
  async command(...args: readonly string[]): Promise<string> {
    const { host, plugin, address } = this.site.lab.host(1);
    const settings = [`CLUSTER_STORE=${this.site.lab.consul.url}`, `CLUSTER_ADVERTISE=${address}`];
    const { stdout, stderr } = await host.attempt('env', ...settings, process.execPath, plugin.main, ...args);
    return [stdout, stderr].filter((text) => text !== '').join('\n');
  }

  async down(): Promise<void> {
    await this.site.lab.down();
  }
}
