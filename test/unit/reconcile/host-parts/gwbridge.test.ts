/** Stories of docker_gwbridge and of the kernel's settings. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { kernelError } from '../../../../src/kernel/system/errno.js';
import type { Gwbridge } from '../../../../src/model/host/gwbridge.js';
import type { Cidr, Mac } from '../../../../src/model/values/types.js';
import { network } from '../../model/fixtures.js';
import { EMPTY, HostStory } from './host-story.js';

const BRIDGE: Gwbridge = {
  mac: '02:42:00:00:00:01' as Mac,
  mtu: 1500,
  up: true,
  addresses: ['172.18.0.1/16' as Cidr],
  ports: [7, 8],
};
const LOST = 'somebody removed docker_gwbridge';
const REBUILD = [
  `createGwbridge: ${LOST}`,
  `addGwbridgeAddress: ${LOST}`,
  `enslaveToGwbridge: ${LOST}`,
  `enslaveToGwbridge: ${LOST}`,
];

let story: HostStory;
beforeEach(() => {
  vi.useFakeTimers();
  story = new HostStory();
});
afterEach(() => {
  story.stop();
  vi.useRealTimers();
});
const look = () => story.look('gwbridge');

it('start on a host where all is well: nothing to do, and nothing after a restart', async () => {
  story.kernel.bridge = { ...BRIDGE };
  await look();
  story.restart();
  await look();
  expect([story.done(), story.said()]).toEqual([[], []]);
});

it('the engine makes it with 1500 where the underlay has more: fitted as soon as the kernel tells', async () => {
  story.facts = { underlayMtu: 8950, routes: [] };
  await look();
  story.kernel.engineMakesGwbridge(BRIDGE);
  await story.settle();
  expect([story.done(), story.said()]).toEqual([
    ['fitGwbridge: MTU is 1500'],
    ['docker_gwbridge fitted to the underlay'],
  ]);
});

it.each([
  ['keep', []],
  [1400, ['fitGwbridge: MTU is 1500']],
] as const)('GWBRIDGE_MTU %s', async (mtu, steps) => {
  story.stop();
  story = new HostStory({ gwbridge: { mtu } });
  story.facts = { underlayMtu: 8950, routes: [] };
  story.kernel.bridge = { ...BRIDGE };
  await look();
  expect(story.done()).toEqual(steps);
});

it('deleted under its containers: made again with its MAC, address and ports, and told of once', async () => {
  story.kernel.bridge = { ...BRIDGE };
  await look();
  story.kernel.deleteGwbridge();
  await story.settle();
  expect(story.done()).toEqual(REBUILD);
  expect(story.kernel.bridge).toEqual(BRIDGE);
  expect(story.said()).toEqual(['repaired docker_gwbridge, which somebody had removed']);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([story.done(), story.said()]).toEqual([[], []]);
});

it('deleted, and the kernel refuses in the middle of it: gone on with', async () => {
  story.kernel.bridge = { ...BRIDGE };
  await look();
  let left = 1;
  story.kernel.fails = (step) =>
    step.kind === 'enslaveToGwbridge' && left-- > 0
      ? kernelError('ip link set 7 master docker_gwbridge', 'EBUSY')
      : undefined;
  story.kernel.deleteGwbridge();
  await story.settle();
  expect(story.done()).toEqual(REBUILD.slice(0, 2));
  await vi.advanceTimersByTimeAsync(200);
  expect(story.done()).toEqual(REBUILD.slice(2));
  expect(story.kernel.bridge).toEqual(BRIDGE);
});

it('removed by the engine, with nothing on it: left alone', async () => {
  story.kernel.bridge = { ...BRIDGE, ports: [] };
  await look();
  story.kernel.deleteGwbridge();
  await story.settle();
  expect([story.done(), story.requested]).toEqual([[], []]);
});

it('lost news: one look, which finds what nobody told', async () => {
  story.kernel.bridge = { ...BRIDGE };
  await look();
  story.kernel.bridge.up = false;
  story.kernel.lose();
  await story.settle();
  expect(story.done()).toEqual(['fitGwbridge: down']);
});

it('none yet, and the engine would take a subnet of our networks: it is asked for another', async () => {
  const pool = '172.18.0.0/16' as Cidr;
  story.facts = { underlayMtu: 1500, routes: ['172.17.0.0/16' as Cidr] };
  await look();
  expect(story.requested).toEqual([]);
  const of = network({ subnets: [{ pool, gateway: '172.18.0.1/16' as Cidr, aux: {}, vni: 256 }] });
  story.view.current = { ...EMPTY, networks: new Map([[of.id, of]]) };
  await look();
  expect(story.requested).toHaveLength(1);
  expect(story.requested).not.toContain(pool);
});

it('a sysctl turned down: raised at the start without a word, later as a repair; more than needed stays', async () => {
  const [one, two] = ['net/ipv4/neigh/default/gc_thresh3', 'net/ipv6/neigh/default/gc_thresh1'];
  story.kernel.sysctls.set(one, 1024).set(two, 1_000_000);
  await story.look('sysctls');
  expect([story.done(), story.said()]).toEqual([['raiseSysctl: it is 1024'], []]);
  story.kernel.sysctls.set(one, 512);
  await vi.advanceTimersByTimeAsync(30_000);
  expect([story.done(), story.said()]).toEqual([
    ['raiseSysctl: it is 512'],
    ['repaired sysctl net.ipv4.neigh.default.gc_thresh3'],
  ]);
  expect(story.kernel.sysctls.get(two)).toBe(1_000_000);
});

it('in a network namespace of its own there are no such files: nothing to do', async () => {
  story.kernel.sysctls.clear();
  await story.look('sysctls');
  expect([story.done(), story.said()]).toEqual([[], []]);
});
