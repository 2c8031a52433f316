/** Two hosts with an underlay cable and one network, made right as the host pass does it: observe, plan, diff, apply. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { diff } from '../../src/model/diff/diff.js';
import { plan } from '../../src/model/plan/plan.js';
import type { Self } from '../../src/model/plan/self.js';
import { containerEnd, namespaceName } from '../../src/model/values/names.js';
import type { Endpoint, EndpointId, Network, NodeAddress } from '../../src/model/values/types.js';
import { cluster, endpoint, HOST1, HOST2, network, selfOf } from '../unit/model/fixtures.js';
import { idOf } from '../unit/nodes.js';
import { Bench, type Host, run } from './bench.js';

/** Debian's own: the tests need no package of Python's. */
const PYTHON = '/usr/bin/python3';

export interface Container {
  readonly endpoint: Endpoint;
  readonly host: Host;
  readonly netns: string;
}

export class Site {
  readonly bench = new Bench();
  readonly hosts: readonly [Host, Host];
  private readonly endpoints: Endpoint[] = [];
  /** Of both hosts. */
  acceleration: Self['acceleration'] = 'off';

  constructor(readonly network: Network = networkOf({})) {
    this.hosts = [this.bench.host('docker01', HOST1), this.bench.host('docker02', HOST2)];
    this.bench.cable(...this.hosts, `${HOST1}/24`, `${HOST2}/24`);
  }

  /** The network's namespace on a host. */
  inside(host: Host): string {
    return `${host.netnsDir}/${namespaceName(this.network.id)}`;
  }

  /** Containers 172.16.1.<n>, of this many on the first host and this many on the second. */
  async fill(first: number, second: number): Promise<readonly Container[]> {
    const placed = [HOST1, HOST2].flatMap((node, i) => Array<NodeAddress>([first, second][i] ?? 0).fill(node));
    return this.place(...placed.map((node, i) => this.endpoint(i + 1, node)));
  }

  /** 172.16.1.<n>. Its id begins with n, for the names of links are cut from ids. */
  endpoint(n: number, host: NodeAddress, change: Partial<Endpoint> = {}): Endpoint {
    const id = n.toString(16).padStart(6, '0').padEnd(64, 'e') as EndpointId;
    return endpoint(n, host, { id, network: this.network.id, ...change });
  }

  /** Makes the containers of these endpoints, as the engine does. */
  async place(...endpoints: readonly Endpoint[]): Promise<readonly Container[]> {
    this.endpoints.push(...endpoints);
    await this.converge();
    return endpoints.map((e) => this.container(e));
  }

  async remove({ endpoint: gone }: Container): Promise<void> {
    this.endpoints.splice(this.endpoints.indexOf(gone), 1);
    await this.converge();
  }

  async converge(): Promise<void> {
    const name = namespaceName(this.network.id);
    for (const [i, { kernel }] of this.hosts.entries()) {
      const address = [HOST1, HOST2][i] ?? HOST1;
      const joined = new Set(this.endpoints.map((e) => e.id));
      const wanted = plan(
        cluster([this.network], this.endpoints),
        { ...selfOf(address), acceleration: this.acceleration, joined, sandboxes: new Map() },
        name,
      );
      // Where something learned it takes a second look.
      for (let looks = 0; looks < 2; looks++)
        for (const step of diff(name, wanted, await kernel.observe(name))) await kernel.apply(step);
    }
  }

  private container(of: Endpoint): Container {
    const host = this.hosts[of.node === idOf(HOST1) ? 0 : 1];
    const netns = this.bench.namespace(`${of.names[0]}on${host.path.at(-1)}`);
    this.plug(of, host, netns);
    return { endpoint: of, host, netns };
  }

  /** Does what the engine does with the end that waits on the host. */
  plug(of: Endpoint, host: Host, netns: string): void {
    run(host.path, 'ip', 'link', 'set', containerEnd(of.id), 'netns', netns, 'name', 'eth0', 'address', of.mac);
    for (const address of of.addresses)
      run(netns, 'ip', 'address', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : []));
    run(netns, 'ip', 'link', 'set', 'eth0', 'up');
  }

  close(): void {
    this.bench.close();
  }
}

export const networkOf = (change: Partial<Network>): Network =>
  network({ id: 'ab'.repeat(32) as Network['id'], ...change });

/** One packet, one second: the first must get through. */
export function pings(from: Container, to: string): boolean {
  try {
    run(from.netns, 'busybox', 'ping', '-c', '1', '-W', '1', to);
    return true;
  } catch {
    return false;
  }
}

/** Sends frames of any kind from a container's card; `python` gets an open packet socket `s`. */
export const sendRaw = (from: Container, python: string): void => {
  const open = 'import os, socket, struct\ns = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\ns.bind(("eth0", 0))\n';
  run(from.netns, PYTHON, '-c', open + python);
};

/** An Ethernet frame of an experimental type (IEEE 802 local), in the words of `sendRaw`. */
export const frame = (to: string, from: string): string =>
  `bytes.fromhex("${`${to}${from}`.replaceAll(':', '')}") + b"\\x88\\xb5" + bytes(46)`;

/** Ends a look: a container's own frame is seen on its card as well. */
const SENTINEL = '0x88b6';

/** Whether a container's card gets frames that match while `work` runs. */
export async function overhears(at: Container, filter: string, work: () => void): Promise<boolean> {
  const words = ['-l', '--immediate-mode', '-e', '-n', '-i', 'eth0', `(${filter}) or ether proto ${SENTINEL}`];
  const tcpdump = spawn('nsenter', [`--net=${at.netns}`, 'tcpdump', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(tcpdump, 'exit');
  const lines = createInterface(tcpdump.stdout)[Symbol.asyncIterator]();
  await once(tcpdump.stderr, 'data');
  work();
  await sleep(50);
  sendRaw(at, `s.send(bytes(12) + struct.pack("!H", ${SENTINEL}) + bytes(46))`);
  const { value } = await lines.next();
  tcpdump.kill();
  await ended;
  return !String(value).includes(SENTINEL);
}
