/** What a container can do with MACs that are not its own: fill tables, take what is for others, overhear. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOST2 } from '../unit/model/fixtures.js';
import { run } from './bench.js';
import { type Container, frame, networkOf, overhears, pings, Site, sendRaw } from './site.js';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const NOBODY = '02:00:00:00:99:99';

let site: Site;
afterEach(() => site.close());

/** Entries of all forwarding tables of the network on both hosts. */
const fdb = () => site.hosts.map((h) => Number(run(site.inside(h), 'sh', '-c', 'bridge fdb show | wc -l')));
const macOf = (c: Container) => c.endpoint.mac;
const ipOf = (c: Container) => c.endpoint.addresses[0]?.split('/')[0] ?? '';

/** Frames from as many random MACs, to each of the MACs. */
const randomMacs = (from: Container, to: readonly string[], count: number) =>
  sendRaw(
    from,
    to
      .map(
        (mac) =>
          `for n in range(${count}): s.send(bytes.fromhex("${mac.replaceAll(':', '')}") + b"\\x02" + os.urandom(5) + b"\\x88\\xb5" + bytes(46))`,
      )
      .join('\n'),
  );

describe.each([
  ['without multicast', {}],
  ['with multicast', { 'tsoverlay.multicast': 'on' }],
])('%s', (_, options) => {
  let one: Container, two: Container, three: Container, four: Container, five: Container;
  beforeEach(async () => {
    site = new Site(networkOf({ options }));
    [one, two, three, four, five] = (await site.fill(3, 2)) as [Container, Container, Container, Container, Container];
  });

  test('random MACs leave nothing, on neither host', async () => {
    expect([one, four].map((c) => [pings(c, ipOf(two)), pings(c, ipOf(five))])).toEqual([
      [true, true],
      [true, true],
    ]);
    const before = fdb();
    randomMacs(one, [macOf(four), macOf(two), BROADCAST, NOBODY], 20_000);
    expect(fdb()).toEqual(before);
    const start = performance.now();
    await site.converge();
    expect(performance.now() - start).toBeLessThan(500);
    expect(pings(two, ipOf(five))).toBe(true);
  });

  test('who sends with another MAC does not get what is for it, of its own host and of another', async () => {
    for (const [thief, victim, friend] of [
      [one, two, three],
      [one, four, three],
      [one, four, five],
      [five, one, two],
    ] as const) {
      pings(friend, ipOf(victim));
      for (const to of [macOf(friend), BROADCAST])
        sendRaw(thief, `for n in range(10): s.send(${frame(to, macOf(victim))})`);
      const stolen = await overhears(thief, `icmp and ether dst ${macOf(victim)}`, () =>
        expect(pings(friend, ipOf(victim)), `${friend.netns} to ${victim.netns}`).toBe(true),
      );
      expect(stolen, `${thief.netns} gets what is for ${victim.netns}`).toBe(false);
    }
  });

  test('a container hears what is for it and for all, and nothing else', async () => {
    const ping = (to: Container) => () => expect(pings(one, ipOf(to))).toBe(true);
    for (const other of [three, five]) {
      expect(await overhears(other, 'icmp', ping(two))).toBe(false);
      if (other !== five) expect(await overhears(other, 'icmp', ping(four))).toBe(false);
      const unknown = () => sendRaw(one, `s.send(${frame(NOBODY, macOf(one))})`);
      expect(await overhears(other, `ether dst ${NOBODY}`, unknown)).toBe(false);
    }
    const all = () => sendRaw(one, `s.send(${frame(BROADCAST, macOf(one))})`);
    expect(await overhears(three, 'ether proto 0x88b5', all)).toBe(true);
  });
});

test('a container that moves to another host with its MAC is reached at once, from all', async () => {
  site = new Site();
  const [one, mover, three] = (await site.fill(2, 1)) as [Container, Container, Container];
  for (const friend of [one, three]) expect(pings(friend, ipOf(mover))).toBe(true);
  await site.remove(mover);
  const [moved] = (await site.place(site.endpoint(2, HOST2))) as [Container];
  for (const friend of [one, three])
    expect([pings(friend, ipOf(moved)), pings(moved, ipOf(friend))]).toEqual([true, true]);
});

test('a container that changes its MAC is not reached until it has its own again', async () => {
  site = new Site();
  const [one, two, three] = (await site.fill(2, 1)) as [Container, Container, Container];
  const change = (mac: string) => run(one.netns, 'ip', 'link', 'set', 'eth0', 'address', mac);
  change('02:00:00:00:00:77');
  expect([pings(two, ipOf(one)), pings(three, ipOf(one))]).toEqual([false, false]);
  change(macOf(one));
  for (const c of [two, three]) run(c.netns, 'ip', 'neigh', 'flush', 'all');
  expect([pings(two, ipOf(one)), pings(three, ipOf(one))]).toEqual([true, true]);
});

test('an address that a container takes besides its own, with its own MAC, is reached on its host, as with the native driver', async () => {
  site = new Site();
  const [one, two, three] = (await site.fill(2, 1)) as [Container, Container, Container];
  run(one.netns, 'ip', 'address', 'add', '172.16.1.99/24', 'dev', 'eth0');
  expect([pings(two, '172.16.1.99'), pings(three, '172.16.1.99')]).toEqual([true, false]);
});

test('a namespace of an older build is made right under traffic, with all that it had learned', async () => {
  site = new Site();
  const [one, two] = (await site.fill(1, 1)) as [Container, Container];
  for (const host of site.hosts) {
    const ip = (line: string) => run(site.inside(host), ...line.split(' '));
    ip('ip link set vxlan0 type vxlan learning');
    ip('ip link set br0 type bridge mcast_snooping 1');
    for (const port of ['vxlan0', 'veth0']) ip(`ip link set ${port} type bridge_slave learning on flood on`);
    ip(`bridge fdb delete ${(host === site.hosts[0] ? one : two).endpoint.mac} dev veth0 master`);
  }
  randomMacs(one, [macOf(two)], 20_000);
  expect(fdb().every((entries) => entries > 15_000)).toBe(true);
  const index = () => run(site.inside(site.hosts[0]), 'ip', '-o', 'link', 'show', 'vxlan0').split(':')[0];
  const before = index();

  const traffic = spawn('nsenter', [`--net=${one.netns}`, 'ping', '-q', '-c', '100', '-i', '0.01', ipOf(two)]);
  const told = once(traffic.stdout, 'data').then(() => traffic.stdout.toArray());
  await site.converge();
  expect((await told).join('')).toContain(' 0% packet loss');
  expect(index()).toBe(before);
  expect(Math.max(...fdb())).toBeLessThan(30);
  for (const { kernel } of site.hosts) expect((await kernel.observe('1-ababababab' as never))?.statics).toHaveLength(2);
});
