/** The probe network on the real kernel: made by steps, found again, and a way to those alone who are wanted. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LinuxHostParts } from '../../src/kernel/host-parts/host-parts.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { type ProbePlan, probeMac, probeSteps } from '../../src/model/host/probe.js';
import type { NodeAddress } from '../../src/model/values/types.js';
import { Bench, type Host, link, run } from './bench.js';
import { meshOf, unaccelerated } from './host-parts.js';

const ADDRESSES = {
  4: { one: '10.0.0.1', two: '10.0.0.2', stranger: '10.0.0.3', prefix: 24, mtu: 1450 },
  6: { one: 'fd00::1', two: 'fd00::2', stranger: 'fd00::3', prefix: 64, mtu: 1430 },
} as const;

let bench: Bench;
let parts: LinuxHostParts[];
beforeEach(() => {
  bench = new Bench();
  parts = [];
});
afterEach(() => {
  for (const part of parts) part.close();
  bench.close();
});

const partsOf = (host: Host, underlay: 4 | 6): LinuxHostParts => {
  const made = withNamespace(
    host.path,
    () =>
      new LinuxHostParts({
        underlay,
        mode: 'off',
        port: 4789,
        netnsDir: host.netnsDir,
        crypt: meshOf(host.kernel),
        accelerator: unaccelerated(host),
      }),
  );
  parts.push(made);
  return made;
};

/** As the pass does it; gives the steps that were needed. */
async function make(kernel: LinuxHostParts, plan: ProbePlan | 'off'): Promise<readonly string[]> {
  const steps = probeSteps(plan, await kernel.observe('probe'));
  for (const step of steps) if (step.kind !== 'requestGwbridge') await kernel.apply(step);
  return steps.map(({ kind, reason }) => `${kind}: ${reason}`);
}

const planOf = (underlay: 4 | 6, address: string, ...peers: readonly string[]): ProbePlan => ({
  address: address as NodeAddress,
  port: 4789,
  mtu: ADDRESSES[underlay].mtu,
  peers: new Set(peers as NodeAddress[]),
});

const inside = (host: Host): string => `${host.netnsDir}/tsoverlay-probe`;

const pings = (from: Host, to: string, ...options: readonly string[]): boolean => {
  try {
    run(inside(from), 'ping', '-c', '1', '-W', '1', ...options, to);
    return true;
  } catch {
    return false;
  }
};

function twoHosts(underlay: 4 | 6) {
  const at = ADDRESSES[underlay];
  const hosts = [bench.host('one', at.one), bench.host('two', at.two)] as const;
  bench.cable(...hosts, `${at.one}/${at.prefix}`, `${at.two}/${at.prefix}`);
  return { at, hosts, kernels: hosts.map((host) => partsOf(host, underlay)) as [LinuxHostParts, LinuxHostParts] };
}

describe.each([4, 6] as const)('underlay of IPv%i', (underlay) => {
  test('hosts that want each other ping at the planned MTU; what is made is found as it was planned', async () => {
    const { at, hosts, kernels } = twoHosts(underlay);
    const [one, two] = hosts;
    const plans = [planOf(underlay, at.one, at.two), planOf(underlay, at.two, at.one)] as const;
    for (const [i, kernel] of kernels.entries()) {
      const plan = plans[i === 0 ? 0 : 1];
      expect(await make(kernel, plan)).toEqual(['createProbe: missing', 'openProbe: somebody probes']);
      expect(await make(kernel, plan)).toEqual([]);
    }
    const headers = underlay === 4 ? 28 : 48;
    // The underlay's own neighbours may take a second to be found.
    await expect.poll(() => pings(one, at.two), { timeout: 5_000 }).toBe(true);
    expect(pings(one, at.two, '-M', 'do', '-s', String(at.mtu - headers))).toBe(true);
    expect(pings(two, at.one)).toBe(true);
    expect(link(inside(one), 'vx-0000ff')).toMatchObject({ address: probeMac(at.one), mtu: at.mtu });
    // Nobody has asked for a neighbour.
    expect(run(inside(one), 'ip', 'neigh').trim().split('\n')).toEqual([
      expect.stringContaining(`${at.two} dev vx-0000ff lladdr ${probeMac(at.two)} PERMANENT`),
    ]);
  });

  test('who is not wanted gets no answer and leaves nothing behind, whatever address he says to have', async () => {
    const { at, hosts, kernels } = twoHosts(underlay);
    await make(kernels[0], planOf(underlay, at.one));
    await make(kernels[1], planOf(underlay, at.two, at.one));
    expect(pings(hosts[1], at.one)).toBe(false);
    const length = underlay === 4 ? 32 : 128;
    run(inside(hosts[1]), 'ip', 'address', 'add', `${at.stranger}/${length}`, 'dev', 'vx-0000ff');
    expect(pings(hosts[1], at.one, '-I', at.stranger)).toBe(false);
    // Nor does he who asks for neighbours.
    run(
      inside(hosts[1]),
      'ip',
      'neigh',
      'change',
      at.one,
      'dev',
      'vx-0000ff',
      'lladdr',
      probeMac(at.one),
      'nud',
      'probe',
    );
    expect(pings(hosts[1], at.one)).toBe(false);
    expect(run(inside(hosts[0]), 'ip', 'neigh').trim()).toBe('');
  });

  test('what somebody takes away is seen and put back; a way that nobody wants goes whole', async () => {
    const { at, hosts, kernels } = twoHosts(underlay);
    const [[one], [kernel]] = [hosts, kernels];
    const wanted = planOf(underlay, at.one, at.two);
    await make(kernel, wanted);
    const ip = (...line: string[]) => run(inside(one), ...line);
    const version = underlay === 4 ? '-4' : '-6';
    ip('ip', version, 'route', 'delete', at.two, 'dev', 'vx-0000ff');
    expect(await make(kernel, wanted)).toEqual(['openProbe: somebody probes']);
    ip('bridge', 'fdb', 'delete', probeMac(at.two), 'dev', 'vx-0000ff', 'dst', at.two, 'self');
    expect(await make(kernel, wanted)).toEqual(['openProbe: somebody probes']);
    ip('ip', 'link', 'set', 'vx-0000ff', 'down');
    expect(await make(kernel, wanted)).toEqual(['createProbe: no device that is up', 'openProbe: somebody probes']);
    expect(await make(kernel, planOf(underlay, at.one))).toEqual(['closeProbe: nobody probes any more']);
    expect(ip('bridge', 'fdb', 'show', 'dev', 'vx-0000ff').trim()).toBe('');
    expect(ip('ip', version, 'neigh').trim()).toBe('');
    expect(await make(kernel, planOf(underlay, at.one))).toEqual([]);
  });

  test('another process finds it as it is; an unmounted file comes back; off takes all away', async () => {
    const { at, hosts, kernels } = twoHosts(underlay);
    const wanted = planOf(underlay, at.one, at.two);
    await make(kernels[0], wanted);
    const again = partsOf(hosts[0], underlay);
    expect(await make(again, wanted)).toEqual([]);
    run(hosts[0].path, 'umount', inside(hosts[0]));
    expect(await make(again, wanted)).toEqual(['createProbe: missing', 'openProbe: somebody probes']);
    expect(await make(again, wanted)).toEqual([]);
    expect(await make(again, 'off')).toEqual(['removeProbe: not wanted']);
    expect(run(hosts[0].path, 'ls', hosts[0].netnsDir)).toBe('');
    expect(await make(again, 'off')).toEqual([]);
  });
});

test('nothing of the first namespace makes it a router, and it holds nobody who has no way to his route', async () => {
  const { at, hosts, kernels } = twoHosts(4);
  await make(kernels[0], planOf(4, at.one));
  const read = (name: string) => run(inside(hosts[0]), 'cat', `/proc/sys/net/${name}`).trim();
  for (const name of [
    'ipv4/ip_forward',
    'ipv4/conf/all/rp_filter',
    'ipv4/conf/vx-0000ff/rp_filter',
    'ipv6/conf/all/forwarding',
  ])
    expect([name, read(name)]).toEqual([name, '0']);
});

test('a flood from an admitted host is cut down before it costs this one anything', async () => {
  const { at, hosts, kernels } = twoHosts(4);
  await make(kernels[0], planOf(4, at.one, at.two));
  await make(kernels[1], planOf(4, at.two, at.one));
  const sends = `import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nfor n in range(20000): s.sendto(b"x", ("${at.one}", 9))`;
  const began = performance.now();
  run(inside(hosts[1]), '/usr/bin/python3', '-c', sends);
  const table = run(inside(hosts[0]), 'cat', '/proc/net/snmp');
  const noPort = Number(/^Udp: \d+ (\d+)/m.exec(table)?.[1]);
  const seconds = (performance.now() - began) / 1_000;
  expect(noPort).toBeGreaterThan(1_000);
  expect(noPort).toBeLessThanOrEqual(4_000 + 2_000 * seconds);
  const cut = /counter packets (\d+) bytes \d+ drop\n\t}/.exec(run(inside(hosts[0]), 'nft', 'list', 'ruleset'))?.[1];
  expect(Number(cut)).toBeGreaterThan(0);
});

test('the id in the hands of somebody else is said, with who has it', async () => {
  const { at, hosts, kernels } = twoHosts(4);
  run(hosts[0].path, ...'ip link add theirs type vxlan id 255 dstport 4789'.split(' '));
  await expect(make(kernels[0], planOf(4, at.one))).rejects.toThrow(
    'VNI 255 is in use by theirs of the host; remove that, or the network it serves',
  );
});
