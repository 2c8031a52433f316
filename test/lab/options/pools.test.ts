/** Subnets, gateways, ranges and reserved addresses; pools of our choice. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { within } from '../waiting.js';
import { OURS, Site } from './site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.boot();
});
afterAll(() => site?.lab.down());
afterEach(() => site.clear());

const subnets = (host: number, network: string) =>
  site.docker(host, `network inspect --format {{range(.IPAM.Config)}}{{.Subnet}},{{end}} ${network}`);

describe('several subnets', () => {
  const TWO = '--subnet 172.16.1.0/24 --gateway 172.16.1.254 --subnet 172.16.2.0/24 --gateway 172.16.2.254';

  it('have a bridge and a VXLAN device each, and reach each other on one host and across', async () => {
    await site.network('two', `${OURS} ${TWO}`);
    await site.run(1, 'a1', '--net two --ip 172.16.1.10');
    await site.run(1, 'b1', '--net two --ip 172.16.2.10');
    await site.run(2, 'a2', '--net two --ip 172.16.1.20');
    await site.run(2, 'b2', '--net two --ip 172.16.2.20');
    for (const [host, from] of [
      [1, 'a1'],
      [1, 'b1'],
      [2, 'a2'],
      [2, 'b2'],
    ] as const)
      for (const to of ['a1', 'b1', 'a2', 'b2'].filter((name) => name !== from))
        expect([from, to, await site.ping(host, from, to)]).toEqual([from, to, true]);
    const namespace = `1-${(await site.docker(1, 'network inspect --format {{.Id}} two')).slice(0, 10)}`;
    for (const host of [1, 2]) {
      const enter = ['nsenter', `--net=/run/docker/netns/${namespace}`];
      const links = await site.lab.host(host).run(...enter, 'ip', '-d', 'link');
      expect(links).toMatch(/br0/);
      expect(links).toMatch(/br1/);
      expect(links).toMatch(/vxlan id 256 /);
      expect(links).toMatch(/vxlan id 257 /);
    }
  });

  it('are filled one after the other, in the order that the engine has', async () => {
    await site.network('steps', `${OURS} --subnet 172.16.1.0/30 --subnet 172.16.2.0/30`);
    // The client keeps them in a Go map, and so sends them the other way round one time in eight.
    const [first = '', second = ''] = (await subnets(1, 'steps')).split(',').map((cidr) => cidr.replace('0/30', '2'));
    expect([first, second].sort()).toEqual(['172.16.1.2', '172.16.2.2']);
    await site.run(1, 'one', '--net steps');
    await site.run(2, 'two', '--net steps');
    expect([await site.address(1, 'one', 'steps'), await site.address(2, 'two', 'steps')]).toEqual([first, second]);
    expect(await site.ping(1, 'one', 'two')).toBe(true);
    expect(await site.refusal(1, 'run --rm --net steps busybox true')).toMatch(
      /tsoverlay: no address is free in 172\.16\.\d\.0\/30 and 172\.16\.\d\.0\/30; remove containers/,
    );
    await site.docker(2, 'rm -f two');
    expect(await site.lab.consul.keys(`tsoverlay/addresses/${second.replace(/2$/, '0')}-30/`)).toHaveLength(1);
  });
});

it('of every size from /8 to /30 work, and a full one says so', async () => {
  await site.network('huge', `${OURS} --subnet 11.0.0.0/8`);
  await site.network('tiny', `${OURS} --subnet 172.16.9.0/30`);
  await site.run(1, 'h1', '--net huge --ip 11.200.3.4');
  await site.run(2, 'h2', '--net huge');
  expect(await site.ping(2, 'h2', 'h1')).toBe(true);
  await site.run(1, 't1', '--net tiny');
  expect(await site.refusal(2, 'run --rm --net tiny busybox true')).toContain(
    'tsoverlay: no address is free in 172.16.9.0/30; remove containers, or make the network with a larger --subnet',
  );
  await site.docker(1, 'rm -f t1');
  await site.run(2, 't2', '--net tiny');
  expect(await site.address(2, 't2', 'tiny')).toBe('172.16.9.2');
});

describe('--ip-range and --aux-address', () => {
  const RANGE = '--subnet 172.16.1.0/24 --ip-range 172.16.1.64/28 --gateway 172.16.1.254';

  it('bound what is given out on all hosts, and a static address may lie outside', async () => {
    await site.network('range', `${OURS} ${RANGE} --aux-address printer=172.16.1.65 --aux-address nas=172.16.1.9`);
    await site.run(1, 'r1', '--net range');
    await site.run(2, 'r2', '--net range');
    await site.run(2, 'r3', '--net range --ip 172.16.1.7');
    expect(await site.address(1, 'r1', 'range')).toBe('172.16.1.64');
    expect(await site.address(2, 'r2', 'range')).toBe('172.16.1.66');
    expect(await site.ping(1, 'r1', 'r3')).toBe(true);
    const aux = await site.docker(2, "network inspect --format '{{json .IPAM.Config}}' range");
    expect(JSON.parse(aux)).toMatchObject([{ IPRange: '172.16.1.64/28', Gateway: '172.16.1.254' }]);
    expect(aux).toContain('"printer":"172.16.1.65"');
    expect(await site.refusal(2, 'run --rm --net range --ip 172.16.1.9 busybox true')).toContain(
      'address 172.16.1.9 is already reserved as an auxiliary address; choose another',
    );
  });

  it('hold elsewhere too when the creating engine has its own IPAM', async () => {
    await site.network('plain', `-d tsoverlay ${RANGE}`);
    await site.run(1, 'p1', '--net plain');
    await site.run(2, 'p2', '--net plain');
    expect(await site.address(1, 'p1', 'plain')).toBe('172.16.1.64');
    expect(await site.address(2, 'p2', 'plain')).toBe('172.16.1.79');
    expect(await site.ping(1, 'p1', 'p2')).toBe(true);
  });
});

describe('of our choice', () => {
  it('come from --ipam-opt', async () => {
    await site.network('base', `${OURS} --ipam-opt tsoverlay.base=10.77.0.0/16 --ipam-opt tsoverlay.size=26`);
    await site.network('size', `${OURS} --ipam-opt tsoverlay.size=28`);
    expect(await subnets(2, 'base')).toBe('10.77.0.0/26,');
    expect(await subnets(2, 'size')).toBe('10.0.1.0/28,');
  });

  it('come from the setting DEFAULT_ADDRESS_POOLS', async () => {
    const { plugin } = site.lab.host(1);
    await plugin.restart({ DEFAULT_ADDRESS_POOLS: 'base=10.80.0.0/30,size=30;base=10.81.0.0/16,size=25' });
    await site.network('first', OURS);
    await site.network('second', OURS);
    expect([await subnets(1, 'first'), await subnets(2, 'second')]).toEqual(['10.80.0.0/30,', '10.81.0.0/25,']);
    await plugin.restart();
  });
});

it('a released address is used again last, for a short while', async () => {
  await site.network('one', `${OURS} --subnet 172.16.1.0/24 --gateway 172.16.1.254`);
  const next = async (host: number, name: string) => {
    await site.run(host, name, '--net one');
    return site.address(host, name, 'one');
  };
  expect([await next(1, 'w1'), await next(2, 'w2')]).toEqual(['172.16.1.1', '172.16.1.2']);
  await site.docker(1, 'rm -f w1');
  expect(await next(2, 'w3')).toBe('172.16.1.3');
  await within(15_000, 'it has rested', async () => (await site.lab.consul.keys('tsoverlay/released/')).length === 0);
  // docker02 has learned of it when it asked for w3, and leaves it alone for as long from then on.
  await sleep(2_000);
  expect(await next(2, 'w4')).toBe('172.16.1.1');
});
