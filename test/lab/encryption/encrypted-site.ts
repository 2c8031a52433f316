/** Hosts on one LAN, an encrypted network and a plain one, and on each host a container of both. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { isKernelError } from '../../../src/errors.js';
import { createNamespace, removeNamespace } from '../../../src/kernel/system/netns.js';
import { cryptVteps, provenBy } from '../../../src/model/crypt/plan.js';
import { cryptVtep, wireguardName } from '../../../src/model/crypt/vtep.js';
import { diff } from '../../../src/model/diff/diff.js';
import { plan } from '../../../src/model/plan/plan.js';
import { overlayMtu } from '../../../src/model/plan/underlay.js';
import { CRYPT_NAMESPACE, containerEnd, namespaceName } from '../../../src/model/values/names.js';
import type {
  Cidr,
  Endpoint,
  EndpointId,
  Ip,
  Mac,
  Network,
  NetworkId,
  Node,
  NodeAddress,
  PublicKey,
} from '../../../src/model/values/types.js';
import { run } from '../../kernel/bench.js';
import { forgedPing, sendUdp } from '../../kernel/forger.js';
import { endpoint, network, selfOf } from '../../unit/model/fixtures.js';
import { SiteHost } from './site-host.js';
import { MARKS, type Which } from './wire.js';

/** The first packet waits for the handshake, which takes its time in an emulated machine, s. */
const PATIENCE_S = 5;
const [LOOKS, LOOK_PAUSE_MS] = [20, 500];
/** An address that no container has. */
const NOBODY = 200;

const NETWORKS: Readonly<Record<Which, Network>> = {
  encrypted: network({ id: 'ab'.repeat(32) as NetworkId, options: { encrypted: '' } }),
  plain: network({
    id: 'cd'.repeat(32) as NetworkId,
    subnets: [{ pool: '172.16.2.0/24' as Cidr, gateway: '172.16.2.254/24' as Cidr, aux: {}, vni: 257 }],
  }),
};
const SUBNET = { encrypted: 1, plain: 2 } as const;
const macOf = (which: Which, n: number): Mac => `02:42:ac:10:0${SUBNET[which]}:0${n}` as Mac;

export class EncryptedSite {
  readonly hosts: readonly [SiteHost, ...SiteHost[]];
  private readonly lan: string;
  private readonly cut = new Map<number, ReadonlyMap<Node['id'], Node>>();
  private readonly dir = mkdtempSync(`${tmpdir()}/tsoverlay-site-`);
  private readonly endpoints: readonly Endpoint[];

  private constructor([first, ...others]: readonly [string, ...string[]]) {
    const make = (address: string, n: number) => new SiteHost(n, address as NodeAddress, this.dir);
    this.hosts = [make(first, 1), ...others.map((address, i) => make(address, i + 2))];
    this.lan = `${this.dir}/lan`;
    createNamespace(this.lan);
    run(this.lan, 'ip', 'link', 'add', 'br0', 'type', 'bridge');
    run(this.lan, 'ip', 'link', 'set', 'br0', 'up');
    for (const { n, path, address } of this.hosts) {
      const [bits, more] = address.includes(':') ? ['64', ['nodad']] : ['24', []];
      run(path, 'ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', `port${n}`, 'netns', this.lan);
      run(this.lan, 'ip', 'link', 'set', `port${n}`, 'master', 'br0', 'up');
      run(path, 'ip', 'address', 'add', `${address}/${bits}`, 'dev', 'eth0', ...more);
      run(path, 'ip', 'link', 'set', 'eth0', 'up');
    }
    this.endpoints = this.hosts.flatMap(({ n, address }) =>
      (['encrypted', 'plain'] as const).map((which) =>
        endpoint(n, address, {
          ...{ id: `${n}${SUBNET[which]}`.padEnd(64, 'e') as EndpointId, network: NETWORKS[which].id },
          ...{ addresses: [`172.16.${SUBNET[which]}.${n}/24` as Cidr], mac: macOf(which, n) },
        }),
      ),
    );
  }

  /** With all of it made, and looked at until there is nothing to do: who has answered is asked no more. */
  static async make(addresses: readonly [string, ...string[]] = ['10.0.0.1', '10.0.0.2']): Promise<EncryptedSite> {
    const site = new EncryptedSite(addresses);
    await site.converge();
    for (const { n, address } of site.hosts)
      for (const which of ['encrypted', 'plain'] as const) site.furnish(which, n, address);
    let left = await site.converge();
    for (let i = 0; left.length > 0 && i < LOOKS; i++) {
      await sleep(LOOK_PAUSE_MS);
      left = await site.converge();
    }
    if (left.length > 0) throw new Error(`there is more to do: ${left.join(', ')}`);
    return site;
  }

  /** As the passes do it. Gives what was done. */
  async converge(): Promise<readonly string[]> {
    const now = this.nodes();
    const done: string[] = [];
    for (const host of this.hosts) {
      const nodes = this.cut.get(host.n) ?? now;
      const { mesh: found } = await host.mesh.observe();
      const proven = provenBy(found);
      host.rotation.look([...nodes.values()], host.self, found, proven);
      done.push(...(await host.mesh.converge([...nodes.values()], host.self)).map((step) => step.kind));
      const meshVteps = cryptVteps(nodes.values(), host.self, proven);
      for (const of of Object.values(NETWORKS)) done.push(...(await this.makeNetwork(host, of, nodes, meshVteps)));
    }
    return done;
  }

  private async makeNetwork(
    host: SiteHost,
    of: Network,
    nodes: ReadonlyMap<Node['id'], Node>,
    meshVteps: ReadonlyMap<Node['id'], Ip>,
  ): Promise<readonly string[]> {
    const name = namespaceName(of.id);
    const endpoints = new Map(this.endpoints.filter((e) => e.network === of.id).map((e) => [e.id, e]));
    const joined = new Set(endpoints.keys());
    const cluster = {
      ...{ nodes, networks: new Map([[of.id, of]]), endpoints: new Map([[of.id, endpoints]]) },
      ...{ unreadable: new Set<NetworkId>(), complete: true },
    };
    const self = { ...selfOf(host.address), meshVteps, joined, sandboxes: new Map() };
    const steps = diff(name, plan(cluster, self, name), await host.kernel.observe(name));
    for (const step of steps) await host.kernel.apply(step);
    return steps.map((step) => step.kind);
  }

  /** The container's end, as the engine sets it up. */
  private furnish(which: Which, n: number, address: NodeAddress): void {
    const host = this.hosts[n - 1] ?? this.hosts[0];
    const id = this.endpoints.find((e) => e.node === host.node.id && e.network === NETWORKS[which].id)?.id;
    const inside = host.container(which);
    createNamespace(inside);
    run(host.path, 'ip', 'link', 'set', containerEnd(id ?? ('' as EndpointId)), 'netns', inside, 'name', 'eth0');
    run(inside, 'ip', 'link', 'set', 'eth0', 'address', macOf(which, n));
    run(inside, 'ip', 'address', 'add', `172.16.${SUBNET[which]}.${n}/24`, 'dev', 'eth0');
    run(inside, 'ip', 'link', 'set', 'eth0', 'mtu', String(overlayMtu(NETWORKS[which], { address, mtu: 1500 })), 'up');
  }

  /** Of the n-th host's container. */
  address(which: Which, n: number): string {
    return `172.16.${SUBNET[which]}.${n}`;
  }

  /** Of all containers' cards in the network, bytes. */
  setMtu(which: Which, mtu: number): void {
    for (const host of this.hosts) run(host.container(which), 'ip', 'link', 'set', 'eth0', 'mtu', String(mtu));
  }

  /** A marked packet from the one container to the other; whether it was answered. */
  marked(which: Which, seconds = PATIENCE_S): boolean {
    const mark = Buffer.from(MARKS[which]).toString('hex');
    return this.ping(which, '-p', mark, '-s', '64', '-c', '1', '-w', String(seconds));
  }

  /** So many packets from the one container to the other: how many were lost, once all are sent. */
  async lost(which: Which, count: number, meanwhile: () => Promise<unknown>, to = 2, aSecond = 50): Promise<number> {
    const words = [
      'ping',
      '-q',
      '-i',
      String(1 / aSecond),
      '-c',
      String(count),
      '-W',
      '5',
      `172.16.${SUBNET[which]}.${to}`,
    ];
    const ping = execa('nsenter', [`--net=${this.hosts[0].container(which)}`, ...words], { reject: false });
    await meanwhile();
    const { stdout } = await ping;
    const [, sent = '0', got = '0'] = stdout.match(/(\d+) packets transmitted, (\d+) received/) ?? [];
    if (Number(sent) !== count) throw new Error(`sent ${sent} of ${count}: ${stdout}`);
    return Number(sent) - Number(got);
  }

  /** The store is away for the n-th host: it sees what it saw, and the others see its session end. */
  cutOff(n: number): void {
    this.cut.set(n, this.nodes());
  }

  rejoin(n: number): void {
    this.cut.delete(n);
  }

  private nodes(): ReadonlyMap<Node['id'], Node> {
    return new Map(this.hosts.map(({ n, node }) => [node.id, this.cut.has(n) ? { ...node, alive: false } : node]));
  }

  /** Whether a packet of so many bytes with DF gets through. */
  fits(which: Which, bytes: number): boolean {
    return this.ping(which, '-M', 'do', '-s', String(bytes - 28), '-c', '1', '-w', String(PATIENCE_S));
  }

  private ping(which: Which, ...words: string[]): boolean {
    try {
      run(this.hosts[0].container(which), 'ping', '-q', ...words, `172.16.${SUBNET[which]}.2`);
      return true;
    } catch {
      return false;
    }
  }

  /** Whether VXLAN with a question for the first host's container, sent from this namespace, gets to it. */
  forged(which: Which, from: string, to: string): boolean {
    const inside = this.hosts[0].container(which);
    const asked = (): number => {
      const [names, values] = run(inside, 'cat', '/proc/net/snmp')
        .split('\n')
        .filter((line) => line.startsWith('Icmp: '))
        .map((line) => line.split(' '));
      return Number(values?.[names?.indexOf('InEchos') ?? -1]);
    };
    const before = asked();
    const vni = NETWORKS[which].subnets[0]?.vni ?? 0;
    const [source, target] = [NOBODY, 1].map((n) => `172.16.${SUBNET[which]}.${n}`) as [string, string];
    try {
      sendUdp(from, to, forgedPing(vni, macOf(which, 1), source, target));
    } catch (e) {
      if (!isKernelError(e, 'ENETUNREACH')) throw e;
    }
    run(inside, 'sleep', '0.3');
    return asked() > before;
  }

  /** The first host's mesh. */
  get mesh(): string {
    return `${this.hosts[0].netnsDir}/${CRYPT_NAMESPACE}`;
  }

  private get key(): PublicKey {
    return this.hosts[0].keys.own.map(({ key }) => key)[0] ?? ('' as PublicKey);
  }

  get device(): string {
    return wireguardName(this.key);
  }

  get vtep(): Ip {
    return cryptVtep(this.key);
  }

  inMesh(...command: string[]): void {
    run(this.mesh, ...command);
  }

  close(): void {
    for (const host of this.hosts) {
      host.close();
      for (const file of readdirSync(host.netnsDir)) removeNamespace(`${host.netnsDir}/${file}`);
      for (const which of ['encrypted', 'plain'] as const) removeNamespace(host.container(which));
      removeNamespace(host.path);
    }
    removeNamespace(this.lan);
    rmSync(this.dir, { recursive: true });
  }
}
