/** What the guard lets pass: the kernel's own VXLAN, a cluster whose member is its router, and all that is not ours. */
import { afterEach, describe, expect, it } from 'vitest';
import { dropNamespace, inside, makeNamespace } from './dns-namespace.js';
import { fragments, sendRaw, sendUdp, vxlan } from './forger.js';
import { FOREIGN, GuardedHosts, OURS } from './guarded-hosts.js';

let hosts: GuardedHosts;
const more: string[] = [];
afterEach(() => {
  hosts.close();
  more.splice(0).forEach(dropNamespace);
});

const ip = (netns: string, line: string) => inside(netns, 'ip', ...line.split(' '));

/** Puts both hosts' devices of a VXLAN id into namespaces of their own, as networks are, with an address each. */
function networks(vni = OURS): readonly [string, string] {
  const made = [hosts.a, hosts.b].map((host, i) => {
    const netns = makeNamespace();
    more.push(netns);
    ip(host, `link set v${vni} netns ${netns}`);
    ip(netns, `address add 192.168.77.${i + 1}/24 dev v${vni}`);
    ip(netns, `link set v${vni} up`);
    return netns;
  });
  return made as [string, string];
}

const ping = (netns: string, to: string, ...options: string[]) =>
  inside(netns, 'busybox', 'ping', '-c3', '-i', '0.1', '-W2', ...options, to);

describe.each([4, 6] as const)('IPv%i', (underlay) => {
  it.each(['on', 'incoming'] as const)('%s: pings and TCP through VXLAN of ours', async (mode) => {
    hosts = await GuardedHosts.make(underlay, 'conntrack', mode);
    const [one, two] = networks();
    expect(ping(one, '192.168.77.2')).toContain(' 0% packet loss');
    // Larger than the LAN's MTU: over IPv4 the outer packets are fragments.
    if (underlay === 4) expect(ping(two, '192.168.77.1', '-s', '1470')).toContain(' 0% packet loss');
    const served = `iperf3 --server --one-off --daemon --bind 192.168.77.2`;
    inside(two, ...served.split(' '));
    const { end } = JSON.parse(inside(one, ...'iperf3 --json --bytes 20M --client 192.168.77.2'.split(' ')));
    expect(end.sum_received.bytes).toBeGreaterThan(1_000_000);
    for (const host of ['a', 'b'] as const)
      expect(Object.values(hosts.drops(host)).every((packets) => packets === 0)).toBe(true);
  });

  it('ids of others pass: from a container, a process and a stranger, whole and cut', async () => {
    hosts = await GuardedHosts.make(underlay, 'conntrack', 'on');
    const { a, b, container, at } = hosts;
    const frame = vxlan(FOREIGN);
    const received = (to: string, work: () => void) => hosts.received(to, FOREIGN, work);
    expect(await received(b, () => sendUdp(container, at.b, frame))).toBe(1);
    expect(await received(b, () => sendUdp(container, at.second, frame))).toBe(1);
    expect(await received(b, () => sendRaw(container, at.b, ...fragments(at.container, at.b, frame, 16)))).toBe(1);
    expect(await received(b, () => sendUdp(a, at.b, frame))).toBe(1);
    expect(await received(a, () => sendUdp(a, at.a, frame))).toBe(1);
    expect(await received(a, () => sendUdp(container, at.a, frame))).toBe(1);
    expect(await received(a, () => sendUdp(b, at.a, vxlan(FOREIGN, 600), { source: at.stranger }))).toBe(1);
  });

  // Over IPv6 a socket either takes what has no checksum or not, and the port has one socket.
  it.each(underlay === 4 ? ['udpcsum', 'noudpcsum'] : ['udpcsum'])(
    'VXLAN of others with %s passes, from hosts that are no nodes too, and what the card puts together of it',
    async (checksum) => {
      hosts = await GuardedHosts.make(underlay, 'conntrack', 'on');
      const { a, b, at } = hosts;
      for (const [host, local, remote] of [
        [a, at.a, at.stranger],
        [b, at.stranger, at.a],
      ] as const) {
        ip(host, `link delete v${FOREIGN}`);
        const device = `link add v${FOREIGN} type vxlan id ${FOREIGN} dstport 4789 local ${local} remote ${remote}`;
        ip(host, `${device} nolearning ${checksum}`);
      }
      const [one, two] = networks(FOREIGN);
      expect(ping(one, '192.168.77.2', '-s', '1300')).toContain(' 0% packet loss');
      inside(one, ...'iperf3 --server --one-off --daemon --bind 192.168.77.1'.split(' '));
      const { end } = JSON.parse(inside(two, ...'iperf3 --json --bytes 20M --client 192.168.77.1'.split(' ')));
      expect(end.sum_received.bytes).toBeGreaterThan(1_000_000);
      for (const host of ['a', 'b'] as const)
        expect(Object.values(hosts.drops(host)).every((packets) => packets === 0)).toBe(true);
    },
  );

  it('other ports and protocols of a container pass', async () => {
    hosts = await GuardedHosts.make(underlay, 'conntrack', 'on');
    expect(ping(hosts.container, hosts.at.b)).toContain(' 0% packet loss');
  });

  it('a member that routes for two others lets their VXLAN through, but none of ours from elsewhere', async () => {
    hosts = await GuardedHosts.make(underlay, 'stateless', 'on');
    const { a, b, container, at } = hosts;
    // The container becomes a virtual machine that is a member: its packets are not rewritten.
    inside(a, 'nft', 'delete', 'table', underlay === 4 ? 'ip' : 'ip6', 'lab');
    ip(b, `route add ${at.container} via ${at.a}`);
    const received = (vni: number) => hosts.received(b, vni, () => sendUdp(container, at.b, vxlan(vni, 600)));
    expect(await received(OURS)).toBe(0);
    expect(hosts.drops('a').forward).toBe(1);
    expect(await received(FOREIGN)).toBe(1);
    await hosts.admit(at.container);
    expect(await received(OURS)).toBe(1);
    expect(hosts.drops('a').forward).toBe(1);
  });

  it('incoming: what a host routes and what its processes send pass', async () => {
    hosts = await GuardedHosts.make(underlay, 'conntrack', 'incoming');
    const { a, b, container, at } = hosts;
    expect(await hosts.received(b, OURS, () => sendUdp(container, at.b, vxlan(OURS)))).toBe(1);
    expect(await hosts.received(b, OURS, () => sendUdp(a, at.b, vxlan(OURS)))).toBe(1);
  });

  it('an underlay whose answers take another way wants `incoming`', async () => {
    for (const [mode, arrives] of [
      ['on', 0],
      ['incoming', 1],
    ] as const) {
      hosts = await GuardedHosts.make(underlay, 'conntrack', mode);
      const { a, b, at } = hosts;
      await hosts.unguard();
      ip(a, 'link add eth1 type veth peer name eth2');
      ip(a, 'link set eth1 up');
      ip(a, 'link set eth2 up');
      inside(a, 'sysctl', '-qw', 'net.ipv6.conf.eth1.disable_ipv6=0');
      ip(a, `route add ${at.b} dev eth1`);
      const prerouting = () => hosts.drops('a').prerouting ?? 0;
      const before = prerouting();
      expect(await hosts.received(a, OURS, () => sendUdp(b, at.a, vxlan(OURS), { source: at.b }))).toBe(arrives);
      expect(prerouting() - before).toBe(mode === 'on' ? 1 : 0);
      hosts.close();
    }
    hosts = await GuardedHosts.make(underlay, 'conntrack', 'off');
  });
});
