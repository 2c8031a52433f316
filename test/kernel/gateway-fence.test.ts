/** The fence that keeps gateways at home where a network has multicast: with the device, and after it was lost. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bridgeSteps, vxlanSteps } from '../../src/model/diff/bridges.js';
import type { BridgePlan } from '../../src/model/plan/namespace-plan.js';
import type { Step } from '../../src/model/plan/steps.js';
import type { Cidr, Ip, Mac } from '../../src/model/values/types.js';
import { Bench, type Host, link, NETWORK, NS, run, twice } from './bench.js';

const gateways = ['172.16.1.254', 'fd00:1::1'] as Ip[];

let bench: Bench;
let host: Host;
beforeEach(async () => {
  bench = new Bench();
  host = bench.host('host');
  await host.apply({ kind: 'createNamespace' });
});
afterEach(() => bench.close());

const planOf = (some: readonly Ip[]): BridgePlan => ({
  ...{ name: 'br0', vxlan: 'vxlan0', vni: 256, local: host.vtep, port: 4789, mtu: 1450 },
  ...{ mac: '0e:00:00:00:00:01' as Mac, addresses: ['172.16.1.254/24' as Cidr], flooding: { gateways: some } },
});
const seen = async () => (await host.kernel.observe(NS))?.links.find((l) => l.name === 'vxlan0');
const due = async (plan = planOf(gateways)) => {
  const links = (await host.kernel.observe(NS))?.links ?? [];
  const find = (name: string) => links.find((l) => l.name === name);
  return [...bridgeSteps(plan, NETWORK, find('br0')), ...vxlanSteps(plan, find('vxlan0'))];
};
const mend = async (plan = planOf(gateways)) => {
  const steps = await due(plan);
  for (const step of steps) await host.kernel.apply({ ...step, ns: NS } as Step);
  return steps.map(({ kind, reason }) => `${kind}: ${reason}`);
};
const nft = (command: string) => run(host.inside, 'nft', ...command.split(' '));
const handle = (of: RegExp) => new RegExp(`${of.source}.*# handle (\\d+)`).exec(nft('-a list ruleset'))?.[1] ?? '';

test('it comes with the device, is seen as it is, and changes with the gateways', async () => {
  await twice(async () => void (await mend()));
  expect((await seen())?.vxlan?.fence).toEqual(gateways);
  expect(await due()).toEqual([]);
  const others = [...gateways].reverse();
  expect(await mend(planOf(others))).toEqual(['replaceFence: it keeps in 172.16.1.254 fd00:1::1']);
  expect((await seen())?.vxlan?.fence).toEqual(others);
  await mend(planOf([]));
  expect((await seen())?.vxlan?.fence).toEqual([]);
  expect(await due(planOf([]))).toEqual([]);
});

test.each([
  ['flush ruleset', () => nft('flush ruleset'), 'its rules are missing or differ'],
  ['a rule less', () => nft(`delete rule netdev gateways-vxlan0 frames handle ${handle(/arp daddr ip/)}`)],
  ['a rule before', () => nft('insert rule netdev gateways-vxlan0 frames accept')],
  ['an empty chain', () => nft('flush chain netdev gateways-vxlan0 frames'), 'it keeps in nobody'],
  ['put to sleep', () => nft('add table netdev gateways-vxlan0 { flags dormant; }')],
  [
    'hooked elsewhere',
    () => {
      nft('delete table netdev gateways-vxlan0');
      nft('add table netdev gateways-vxlan0');
      nft('add chain netdev gateways-vxlan0 frames { type filter hook ingress device lo priority 0; }');
    },
  ],
])('what somebody does to it is seen and mended: %s', async (_, damage, reason = 'its rules are missing or differ') => {
  await mend();
  damage();
  expect(await mend()).toEqual([`replaceFence: ${reason}`]);
  expect((await seen())?.vxlan?.fence).toEqual(gateways);
  expect(await due()).toEqual([]);
});

test('a device whose fence could not be made does not come up without one', async () => {
  // No kernel takes such an address.
  const refused = planOf([Array(100).fill('1').join('.') as Ip]);
  await expect(mend(refused)).rejects.toThrow();
  expect(link(host.inside, 'vxlan0')?.flags).not.toContain('UP');
  expect(await mend()).toEqual(['replaceFence: its rules are missing or differ', 'setUp: down']);
  expect(nft('list ruleset')).toContain('device "vxlan0"');
  expect(link(host.inside, 'vxlan0')?.flags).toContain('UP');
});

test('rules that were flushed are told of', async () => {
  await mend();
  const told: string[] = [];
  await host.kernel.observe(NS);
  await host.kernel.watch(NS, (notices) => told.push(...notices.map(({ kind }) => kind)));
  nft('flush ruleset');
  await expect.poll(() => told, { timeout: 5_000 }).toContain('rules');
});
