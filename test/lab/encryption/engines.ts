/** Two real engines with an encrypted network and a plain one, and what people and enemies do to the first host. */
import { execa } from 'execa';
import { Protocol } from 'netlink/dist/constants.js';
import { Wireguard } from '../../../src/kernel/crypt/wireguard.js';
import { listLinks } from '../../../src/kernel/links/links.js';
import { Rtnetlink } from '../../../src/kernel/netlink/rtnetlink.js';
import { withNamespace } from '../../../src/kernel/system/netns.js';
import { CRYPT_NAMESPACE, NETNS_DIR } from '../../../src/model/values/names.js';
import { OURS, Site } from '../options/site.js';
import { netnsPath } from '../paths.js';
import { MARKS, type Which, Wire } from './wire.js';

const MESH = `${NETNS_DIR}/${CRYPT_NAMESPACE}`;
const SUBNETS = { encrypted: '172.16.5.0/24', plain: '172.16.6.0/24' } as const;

export class Engines {
  private constructor(readonly site: Site) {}

  static async boot(): Promise<Engines> {
    return new Engines(await Site.boot({ engine: '28.5.2' }));
  }

  /** Both networks, and on the n-th host a container `cN` of both. */
  async furnish(): Promise<void> {
    const { site } = this;
    await site.network('encrypted', `${OURS} --subnet ${SUBNETS.encrypted} -o encrypted`);
    await site.network('plain', `${OURS} --subnet ${SUBNETS.plain}`);
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
