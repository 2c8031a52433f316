/** A site whose hosts have the short way, and what goes through it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Cidr, Endpoint, Network, NodeAddress } from '../../src/model/values/types.js';
import { HOST1, HOST2 } from '../unit/model/fixtures.js';
import { type Host, rows, run } from './bench.js';
import { type Container, networkOf, Site } from './site.js';

const PYTHON = '/usr/bin/python3';

export async function shortSite(change: Parameters<typeof networkOf>[0] = {}): Promise<Site> {
  const site = new Site(networkOf(change));
  for (const host of site.hosts) await accelerate(site, host);
  return site;
}

/** A network of both families. */
export const DUAL: Partial<Network> = {
  ipv6: true,
  subnets: [
    { pool: '172.16.1.0/24' as Cidr, gateway: '172.16.1.254/24' as Cidr, aux: {}, vni: 256 },
    { pool: 'fd00:1::/64' as Cidr, aux: {}, vni: 256 },
  ],
};

/** In a {@link DUAL} network: two containers on the first host, and one on the second. */
export async function placeThree(site: Site): Promise<[one: Container, near: Container, far: Container]> {
  const at = (n: number, host: NodeAddress) =>
    site.endpoint(n, host, { addresses: [`172.16.1.${n}/24` as Cidr, `fd00:1::${n}/64` as Cidr] });
  return (await site.place(at(1, HOST1), at(2, HOST1), at(3, HOST2))) as [Container, Container, Container];
}

/** As the pass of the host's parts does; forwarding is on as the engine turns it on. */
export async function accelerate(site: Site, host: Host): Promise<void> {
  site.acceleration = 'on';
  run(host.path, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  await host.kernel.shortWays.hook('eth0', { vtep: host.vtep, port: 4789 });
}

interface Stats {
  readonly rx: { readonly packets: number };
  readonly tx: { readonly packets: number };
}
const statsOf = (netns: string, link: string): Stats =>
  rows(netns, 'ip', '-s', '-j', 'link', 'show', link)[0]?.stats64 as Stats;

/** Packets of one host: those that came in by the short way, and those that came or went by the VXLAN device. */
export const traffic = (site: Site, host: Host) => {
  const vxlan = statsOf(site.inside(host), 'vxlan0');
  return { short: statsOf(site.inside(host), 'lane0').rx.packets, ordinary: vxlan.rx.packets + vxlan.tx.packets };
};

/** The same, of what `work` brings about. */
export async function during(site: Site, host: Host, work: () => unknown) {
  const before = traffic(site, host);
  await work();
  const after = traffic(site, host);
  return { short: after.short - before.short, ordinary: after.ordinary - before.ordinary };
}

export const ipOf = ({ endpoint }: { readonly endpoint: Endpoint }, family: 4 | 6 = 4): string =>
  endpoint.addresses.find((a) => a.includes(':') === (family === 6))?.split('/')[0] ?? '';

/** Runs Python in a namespace; a failing script throws with what it says. */
export const python = (netns: string, script: string): string => run(netns, PYTHON, '-c', script);

/** Python that serves until `work` has been done: it says `ready` first; gives what it says afterwards. */
export async function serving(netns: string, script: string, work: () => unknown): Promise<string> {
  const server = spawn('nsenter', [`--net=${netns}`, PYTHON, '-u', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
  if ((await lines.next()).value !== 'ready') throw new Error('the server says nothing');
  await work();
  const { value } = await lines.next();
  server.kill();
  await ended;
  return String(value);
}

/** SIOCETHTOOL with ETHTOOL_STXCSUM: `ethtool -K eth0 tx off`. */
export const withoutChecksums = ({ netns }: Container): void => {
  python(
    netns,
    `import ctypes, fcntl, socket, struct
value = ctypes.create_string_buffer(struct.pack("II", 0x17, 0))
request = struct.pack("16sQ", b"eth0", ctypes.addressof(value))
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8946, request + bytes(16))`,
  );
};
