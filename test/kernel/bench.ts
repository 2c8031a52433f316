/** Hosts as fresh network namespaces, looked into with iproute2 and never with the code under test. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { LinuxKernel } from '../../src/kernel/host.js';
import { createNamespace, removeNamespace, withNamespace } from '../../src/kernel/system/netns.js';
import type { Step } from '../../src/model/plan/steps.js';
import type { Cidr, Ip, Mac, NamespaceName, NodeAddress } from '../../src/model/values/types.js';

/** What `ip -j` and `bridge -j` print: an array of records. */
export type Rows = readonly Record<string, unknown>[];

/** Runs a program in a namespace; a failing one throws with its output. */
export const run = (netns: string, ...command: string[]): string =>
  execFileSync('nsenter', [`--net=${netns}`, ...command], { encoding: 'utf8', stdio: 'pipe' });

export const rows = (netns: string, ...command: string[]): Rows => {
  const text = run(netns, ...command).trim();
  return text === '' ? [] : (JSON.parse(text) as Rows).filter((row) => Object.keys(row).length > 0);
};

/** Every step is tried on what it has just made. */
export const twice = async (work: () => Promise<void>): Promise<void> => {
  await work();
  await work();
};

/** All that `ip -d` tells of one link. */
export const link = (netns: string, name: string) => rows(netns, 'ip', '-d', '-j', 'link', 'show', name)[0];

export const names = (netns: string) => rows(netns, 'ip', '-j', 'link').map((l) => l.ifname);

export class Bench {
  private readonly dir = mkdtempSync(`${tmpdir()}/tsoverlay-kernel-`);
  private readonly kernels: LinuxKernel[] = [];
  private readonly namespaces: string[] = [];

  /** An empty namespace, by its path. */
  namespace(name: string): string {
    const path = `${this.dir}/${name}`;
    createNamespace(path);
    this.namespaces.push(path);
    return path;
  }

  host(name: string, advertise = '10.0.0.1'): Host {
    const path = this.namespace(name);
    run(path, 'ip', 'link', 'set', 'lo', 'up');
    const netnsDir = `${this.dir}/${name}.netns`;
    mkdirSync(netnsDir);
    return new Host(path, netnsDir, this.kernel(path, netnsDir, advertise), advertise as NodeAddress);
  }

  /** What a restart of the process makes of a host: nothing of it is known. */
  again({ path, netnsDir }: Host, advertise = '10.0.0.1'): LinuxKernel {
    return this.kernel(path, netnsDir, advertise);
  }

  private kernel(path: string, netnsDir: string, advertise: string): LinuxKernel {
    const kernel = withNamespace(path, () => new LinuxKernel({ advertise, netnsDir }));
    this.kernels.push(kernel);
    return kernel;
  }

  /** Lays a cable between two hosts, `eth0` on either side. */
  cable(a: Host, b: Host, addressA: string, addressB: string): void {
    run(a.path, 'ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b.path);
    for (const [host, address] of [
      [a, addressA],
      [b, addressB],
    ] as const) {
      run(host.path, 'ip', 'address', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : []));
      run(host.path, 'ip', 'link', 'set', 'eth0', 'up');
    }
  }

  close(): void {
    for (const kernel of this.kernels) kernel.close();
    for (const folder of readdirSync(this.dir, { withFileTypes: true }).filter((f) => f.isDirectory()))
      for (const file of readdirSync(`${this.dir}/${folder.name}`))
        removeNamespace(`${this.dir}/${folder.name}/${file}`);
    for (const path of this.namespaces) removeNamespace(path);
    rmSync(this.dir, { recursive: true });
  }
}

type Without<S> = S extends Step ? Omit<S, 'ns' | 'reason'> : never;
/** A step without its namespace and reason. */
export type BareStep = Without<Step>;

export const NETWORK = 'ab'.repeat(32);
export const NS = '1-ababababab' as NamespaceName;

export class Host {
  constructor(
    readonly path: string,
    readonly netnsDir: string,
    readonly kernel: LinuxKernel,
    readonly vtep: NodeAddress,
  ) {}

  /** The network's namespace. */
  get inside(): string {
    return `${this.netnsDir}/${NS}`;
  }

  apply(step: BareStep): Promise<void> {
    return this.kernel.apply({ ...step, ns: NS, reason: 'test' } as Step);
  }

  /** Namespace, br0 with its gateway and vxlan0 with VNI 256, as the first endpoint of a network needs them. */
  async network(gateway?: string): Promise<void> {
    await this.apply({ kind: 'createNamespace' });
    await this.apply({ kind: 'createBridge', link: 'br0', mtu: 1450, mac: '0e:00:00:00:00:01' as Mac, alias: NETWORK });
    if (gateway !== undefined) await this.apply({ kind: 'addAddress', link: 'br0', address: gateway as Cidr });
    const device = { link: 'vxlan0', vni: 256, mtu: 1450, master: 'br0', local: this.vtep, port: 4789 };
    await this.apply({ kind: 'createVxlan', ...device });
  }

  async port(n: number, containerEnd = `vethc${n}`): Promise<void> {
    const alias = String(n).repeat(64);
    await this.apply({ kind: 'createPort', link: `veth${n}`, containerEnd, mtu: 1450, master: 'br0', alias });
  }

  async peer(ip: string, mac: string, vtep: string): Promise<void> {
    await this.apply({ kind: 'replaceNeighbour', link: 'vxlan0', ip: ip as Ip, mac: mac as Mac });
    await this.apply({ kind: 'replaceStatic', link: 'vxlan0', mac: mac as Mac });
    await this.apply({ kind: 'replaceFdb', link: 'vxlan0', mac: mac as Mac, vtep });
  }
}
