/**
 * The users' guide to overlay networks over Consul, step by step (W1 to W14): what is typed, and what must be seen.
 * The same steps describe Docker's own driver on 20.10.5, which proves that they ask for nothing else than it did.
 */
import type { DockerHost, Lab } from './lab.js';
import { OUTSIDE } from './lan.js';
import { isAccelerated } from './plugin.js';
import { until } from './process.js';
import type { Tour } from './tours.js';
import { type Finding, Witness } from './witness.js';

interface Scene extends Tour {
  readonly lab: Lab;
  readonly both: readonly DockerHost[];
  readonly docker01: DockerHost;
  readonly docker02: DockerHost;
}

export interface WalkStep {
  /** `W1` to `W14`. */
  readonly id: string;
  readonly title: string;
  readonly walk: (w: Witness, s: Scene) => Promise<void>;
}

export const STEPS: readonly WalkStep[] = [
  { id: 'W1', title: 'Consul shows two nodes', walk: seeNodes },
  { id: 'W2', title: 'docker01 creates the network', walk: createNetwork },
  { id: 'W3', title: 'docker02 shows it too, by itself', walk: (w, s) => seeNetwork(w, s, s.docker02) },
  { id: 'W4', title: 'a container on docker01', walk: (w, s) => runContainer(w, s, 0) },
  {
    id: 'W5',
    title: 'a container on docker02 has the next address',
    walk: (w, s) => runContainer(w, s, 1),
  },
  { id: 'W6', title: 'a second card on docker_gwbridge', walk: seeSecondCard },
  { id: 'W7', title: 'the default route leads through it', walk: seeRoutes },
  { id: 'W8', title: 'ping by address, both ways', walk: (w, s) => ping(w, s, address(s, 1), address(s, 0)) },
  { id: 'W9', title: 'ping by name, both ways', walk: (w, s) => ping(w, s, s.containers[1], s.containers[0]) },
  { id: 'W10', title: 'ping an address outside', walk: (w, s) => ping(w, s, OUTSIDE, OUTSIDE) },
  { id: 'W11', title: 'the bridge docker_gwbridge on the host', walk: seeGatewayBridge },
  { id: 'W12', title: 'one namespace per network, same name on both', walk: seeNamespaces },
  { id: 'W13', title: 'br0, veth0 and vxlan0 in it', walk: seeDevices },
  { id: 'W14', title: 'brctl shows the bridge with its ports', walk: seePorts },
];

/** Walks one step; a step that throws has a problem. */
export async function walk(step: WalkStep, lab: Lab, tour: Tour): Promise<Finding> {
  const witness = new Witness();
  const [docker01, docker02] = [lab.host(1), lab.host(2)];
  try {
    await step.walk(witness, { ...tour, lab, docker01, docker02, both: [docker01, docker02] });
  } catch (e) {
    witness.expect(e instanceof Error ? e.message : String(e), false);
  }
  return witness.finding();
}

async function seeNodes(w: Witness, s: Scene): Promise<void> {
  const folder = s.driver === 'overlay' ? 'docker/nodes/' : 'tsoverlay/nodes/';
  const nodes = async (): Promise<readonly string[]> =>
    (await s.lab.consul.keys(folder)).filter((key) => key !== folder);
  await soon(async () => (await nodes()).length === 2);
  const keys = await nodes();
  w.note(`Consul, Key/Value, ${folder}\n${keys.join('\n')}`);
  w.expect('two nodes', keys.length === 2);
  for (const { address } of s.both)
    w.expect(
      address,
      keys.some((key) => key.includes(address)),
    );
}

/** What comes about by itself may take a moment; whether it has come is seen afterwards. */
const soon = (test: () => Promise<boolean>): Promise<void> => until('it', 5, test).catch(() => {});

async function createNetwork(w: Witness, s: Scene): Promise<void> {
  const addresses = `--subnet ${s.net}.0/24 --gateway ${s.net}.254`;
  const options = [`-d ${s.driver}`, s.create, addresses].filter((o) => o !== '').join(' ');
  await w.type(s.docker01, `docker network create ${options} ${s.network}`);
  await seeNetwork(w, s, s.docker01);
}

async function seeNetwork(w: Witness, s: Scene, h: DockerHost): Promise<void> {
  const row = new RegExp(`^\\w{12} +${s.network} +${s.driver} +${s.scope}`, 'm');
  await soon(async () => row.test(await h.docker('network', 'ls')));
  w.expect(`${s.network}, driver ${s.driver}, scope ${s.scope}`, row.test(await w.type(h, 'docker network ls')));
}

/** The container's address on the network. */
const address = (s: Scene, i: 0 | 1): string => `${s.net}.${s.numbers[i]}`;

async function runContainer(w: Witness, s: Scene, i: 0 | 1): Promise<void> {
  const host = i === 0 ? s.docker01 : s.docker02;
  const name = s.containers[i];
  await w.type(host, `docker run -d --net ${s.network} --name ${name} busybox sleep infinity`);
  const eth0 = card(await w.type(host, `docker exec ${name} ip a`), 'eth0');
  const mac = [
    '02',
    '42',
    ...address(s, i)
      .split('.')
      .map((b) => Number(b).toString(16).padStart(2, '0')),
  ].join(':');
  w.expect(`eth0 ${address(s, i)}/24`, eth0.includes(`inet ${address(s, i)}/24 `));
  w.expect(`MAC ${mac}`, eth0.includes(`link/ether ${mac} `));
  w.expect(`MTU ${s.mtu}`, eth0.includes(` mtu ${s.mtu} `));
}

/** Types the same line in both containers and gives their outputs. */
function inBoth(w: Witness, s: Scene, ...lines: [string, string] | [string]): Promise<string[]> {
  const command = (i: 0 | 1): string => `docker exec ${s.containers[i]} ${lines[i] ?? lines[0]}`;
  return Promise.all([w.type(s.docker01, command(0)), w.type(s.docker02, command(1))]);
}

async function seeSecondCard(w: Witness, s: Scene): Promise<void> {
  for (const output of await inBoth(w, s, 'ip a')) {
    const eth1 = card(output, 'eth1');
    w.expect(`eth1 ${s.eth1}/16`, eth1.includes(`inet ${s.eth1}/16 `));
    w.expect('MTU 1500', eth1.includes(' mtu 1500 '));
  }
}

async function seeRoutes(w: Witness, s: Scene): Promise<void> {
  for (const output of await inBoth(w, s, 'route -n')) {
    w.expect('default via 172.18.0.1 dev eth1', /^0\.0\.0\.0 +172\.18\.0\.1 +0\.0\.0\.0 .* eth1$/m.test(output));
    w.expect(`${s.net}.0/24 dev eth0`, new RegExp(`^${s.net}.0 +0.0.0.0 +255.255.255.0 .* eth0$`, 'm').test(output));
    w.expect('172.18.0.0/16 dev eth1', /^172\.18\.0\.0 +0\.0\.0\.0 +255\.255\.0\.0 .* eth1$/m.test(output));
  }
}

async function ping(w: Witness, s: Scene, from01: string, from02: string): Promise<void> {
  for (const output of await inBoth(w, s, `ping -c 2 ${from01}`, `ping -c 2 ${from02}`))
    w.expect('0% packet loss', output.includes('2 packets received, 0% packet loss'));
}

async function seeGatewayBridge(w: Witness, s: Scene): Promise<void> {
  for (const h of s.both) {
    const bridge = card(await w.type(h, 'ip -d addr show docker_gwbridge'), 'docker_gwbridge');
    w.expect('a bridge', /^ +bridge /m.test(bridge));
    w.expect('172.18.0.1/16', bridge.includes('inet 172.18.0.1/16 '));
    w.expect('MTU 1500', bridge.includes(' mtu 1500 '));
  }
}

async function seeNamespaces(w: Witness, s: Scene): Promise<void> {
  const name = await namespaceOf(s.docker01, s.network);
  for (const h of s.both) {
    // A second tour must not put the link into the folder that the first one's link leads to.
    await w.type(h, '[ -e /var/run/netns ] || ln -s /var/run/docker/netns /var/run/netns');
    w.expect(`${name} on ${h.name}`, (await w.type(h, 'ip netns')).split(/\s/).includes(name));
  }
}

async function seeDevices(w: Witness, s: Scene): Promise<void> {
  const name = await namespaceOf(s.docker01, s.network);
  for (const h of s.both) {
    const output = await w.type(h, `ip netns exec ${name} ip a`);
    w.expect(`br0 ${s.net}.254/24`, card(output, 'br0').includes(`inet ${s.net}.254/24 `));
    for (const device of ['br0', 'veth0', 'vxlan0'])
      w.expect(`${device} MTU ${s.mtu}`, card(output, device).includes(` mtu ${s.mtu} `));
    const devices = [...output.matchAll(/^\d+: ([^:@]+)/gm)].map((m) => m[1]);
    // Encrypted networks have the ordinary way alone.
    const lane = isAccelerated && s.driver === 'tsoverlay' && !s.create.includes('encrypted') ? ['lane0'] : [];
    w.expect('nothing else but lo', devices.sort().join(' ') === ['br0', ...lane, 'lo', 'veth0', 'vxlan0'].join(' '));
  }
}

async function seePorts(w: Witness, s: Scene): Promise<void> {
  const name = await namespaceOf(s.docker01, s.network);
  for (const h of s.both) {
    const output = await w.type(h, `ip netns exec ${name} brctl show`);
    w.expect('br0, STP no', /^br0\s+8000\.[0-9a-f]{12}\s+no\s/m.test(output));
    w.expect('interfaces veth0 and vxlan0', /\sveth0\s+vxlan0$/.test(output));
  }
}

/** `1-` and the first ten digits of the network's id on the host that created it. */
export async function namespaceOf(creator: DockerHost, network: string): Promise<string> {
  const id = await creator.docker('network', 'inspect', '--format', '{{.Id}}', network);
  return `1-${id.slice(0, 10)}`;
}

/** The lines of `ip a` about one device; empty when there is none. */
function card(output: string, device: string): string {
  const blocks = output.split(/^(?=\d+: )/m);
  return blocks.find((b) => new RegExp(`^\\d+: ${device}[:@]`).test(b)) ?? '';
}
