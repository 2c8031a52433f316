/** Three real engines with an encrypted network and a plain one, and what people and enemies do to the first host. */
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
import { requirePlugin } from '../managed-build.js';
import { ManagedPlugin, ONE_FILE } from '../managed-plugin.js';
import { OURS, Site } from '../options/site.js';
import { netnsPath } from '../paths.js';
import { ENCRYPTED_TOUR, type Tour } from '../tours.js';
import { markedPing, Sending } from './sending.js';
import { type Which, Wire } from './wire.js';

const MESH = `${NETNS_DIR}/${CRYPT_NAMESPACE}`;
const VNIS = { encrypted: 305, plain: 306 } as const;
const vni = (which: Which): string => `-o com.docker.network.driver.overlay.vxlanid_list=${VNIS[which]}`;
/** The guide's network, with an id that frames can be forged for. */
export const TOUR: Tour = { ...ENCRYPTED_TOUR, create: `${ENCRYPTED_TOUR.create} ${vni('encrypted')}` };
const NETWORKS = { encrypted: TOUR.network, plain: 'plain' } as const;
/** As the guide has it. */
const containerOf = (host: number): string => `overlay${host}`;
/** From one host to another. */
type Pair = readonly [number, number];
/** So many, and on how many of them tsoverlay is a process: the last one has the managed plugin. */
const [HOSTS, PROCESSES] = [3, 2];

export class Engines {
  /** What an engine tells takes a second, and is what it was until a container starts. */
  private readonly told = new Map<string, string>();

  private constructor(
    readonly site: Site,
    /** Of the last host. */
    readonly managed: ManagedPlugin,
    /** An engine packs it for a minute, beside all that waits meanwhile. */
    readonly installed: Promise<void>,
  ) {
    // It is for whoever waits for it to be told.
    installed.catch(() => {});
  }

  /** The last host has an engine alone. */
  static async boot(): Promise<Engines> {
    requirePlugin();
    const site = await Site.boot({ engine: '28.5.2', hosts: HOSTS, plugin: PROCESSES, main: ONE_FILE });
    const { host, engine } = site.lab.host(HOSTS);
    const managed = new ManagedPlugin(host, site.lab.consul.url, engine);
    return new Engines(site, managed, managed.install());
  }

  /** Beside the guide's network a plain one, with the same containers. */
  async furnish(): Promise<void> {
    const { site } = this;
    await site.network(NETWORKS.plain, `${OURS} --subnet 172.16.6.0/24 ${vni('plain')}`);
    await Promise.all([1, 2].map((n) => site.docker(n, `network connect ${NETWORKS.plain} ${containerOf(n)}`)));
  }

  /** Another container of the encrypted network. */
  async join(host: number): Promise<void> {
    await this.site.run(host, containerOf(host), `--net ${NETWORKS.encrypted}`);
  }

  /** The container is started again, by hand. */
  async start(host: number): Promise<void> {
    await this.site.docker(host, `start ${containerOf(host)}`);
    this.told.clear();
  }

  /** The first host's cable. */
  tap(): Promise<Wire> {
    return Wire.tap(netnsPath(this.site.lab.host(1).host.machineName));
  }

  /** Marked packets from the first host's container to another's, until they are stopped. */
  async send(which: Which, to = 2): Promise<Sending> {
    return new Sending(await this.sandbox(1), which, await this.addressOf(which, to));
  }

  /** So many of them: how many were lost. */
  async lost(which: Which, count: number, more: readonly string[] = [], between: Pair = [1, 2]): Promise<number> {
    const [from, to] = between;
    const ping = [...markedPing(which), '-q', '-c', String(count), '-W', '2', ...more, await this.addressOf(which, to)];
    const { stdout } = await execa('nsenter', [`--net=${await this.sandbox(from)}`, ...ping], { reject: false });
    const [, sent = '0', got = '0'] = stdout.match(/(\d+) packets transmitted, (\d+) received/) ?? [];
    if (Number(sent) !== count) throw new Error(`sent ${sent} of ${count}: ${stdout}`);
    return count - Number(got);
  }

  async reaches(which: Which, ...more: readonly string[]): Promise<boolean> {
    return (await this.lost(which, 1, more)) === 0;
  }

  /** Between all three. */
  async allReach(): Promise<boolean> {
    const pairs = [
      [1, 2],
      [2, 3],
      [3, 1],
    ] as const;
    const lost = await Promise.all(pairs.map((pair) => this.lost('encrypted', 1, [], pair)));
    return lost.every((count) => count === 0);
  }

  addressOf(which: Which, host: number): Promise<string> {
    return this.ask(host, `{{(index .NetworkSettings.Networks "${NETWORKS[which]}").IPAddress}}`);
  }

  /** The network namespace of a host's container, as a path of this machine. */
  private async sandbox(host: number): Promise<string> {
    return this.path(host, await this.ask(host, '{{.NetworkSettings.SandboxKey}}'));
  }

  private async ask(host: number, format: string): Promise<string> {
    const question = `${host} ${format}`;
    const answer =
      this.told.get(question) ??
      (await this.site.lab.host(host).docker('inspect', '--format', format, containerOf(host)));
    this.told.set(question, answer);
    return answer;
  }

  /** A host's /var/run is a link, which would lead from here to the machine's own. */
  private path(host: number, path: string): string {
    return this.site.lab.host(host).host.path(path.replace(/^\/var\/run/, '/run'));
  }

  /** Echo requests in VXLAN that no card has made, one by each way of sending: how many come to the second host's. */
  async forged(which: Which, ways: readonly ((frame: Buffer) => unknown)[]): Promise<number> {
    const target = await this.addressOf(which, 2);
    const mac = await this.ask(2, `{{(index .NetworkSettings.Networks "${NETWORKS[which]}").MacAddress}}`);
    // No byte of a frame may be a newline: bash would send what is before it as a datagram of its own.
    const frame = forgedPing(VNIS[which], mac, target.replace(/\d+$/, '66'), target);
    const before = await this.echoes();
    for (const send of ways) await send(frame);
    await sleep(500);
    return (await this.echoes()) - before;
  }

  /** A container's network namespace on the first host, as a path of this machine. */
  async netnsOf(container: string): Promise<string> {
    const key = await this.site.docker(1, `inspect --format {{.NetworkSettings.SandboxKey}} ${container}`);
    return this.path(1, key);
  }

  /** Where the n-th host takes VXLAN in the mesh. */
  async vtep(host: number): Promise<string> {
    const told = await this.site.lab.host(host).run('nsenter', `--net=${MESH}`, 'ip', '-o', '-4', 'addr');
    const found = / (10\.[\d.]+)\/32 /.exec(told)?.[1];
    if (found === undefined) throw new Error(`no VTEP in ${told}`);
    return found;
  }

  private async echoes(): Promise<number> {
    const pid = await this.ask(2, '{{.State.Pid}}');
    const table = await readFile(this.path(2, `/proc/${pid}/net/snmp`), 'utf8');
    const [names, values] = table.split('\n').filter((line) => line.startsWith('Icmp:'));
    return Number(values?.split(' ')[names?.split(' ').indexOf('InEchos') ?? -1]);
  }

  /** A line typed on the first host, inside its mesh. */
  inMesh(line: string): Promise<string> {
    return this.site.lab.host(1).run('nsenter', `--net=${MESH}`, 'sh', '-c', line);
  }

  /** A line typed on the first host, in the network namespace of its container. */
  async inContainer(line: string): Promise<string> {
    const pid = await this.ask(1, '{{.State.Pid}}');
    return this.onHost(`nsenter -t ${pid} -n ${line}`);
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

  /** The first host's keys become as old as that, while its process is away. */
  async age(ms: number): Promise<void> {
    const path = this.path(1, '/var/lib/tsoverlay/keys.json');
    const made = /"made":(\d+)/g;
    await writeFile(
      path,
      (await readFile(path, 'utf8')).replace(made, (_, at) => `"made":${Number(at) - ms}`),
    );
  }

  /** How many peers the first host's devices have. */
  async peers(): Promise<number> {
    const { socket, generic } = withNamespace(this.path(1, MESH), () => ({
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
