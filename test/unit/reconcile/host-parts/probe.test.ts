/** Stories of the probe network: given cluster and kernel, when this happens, these steps. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseIp } from '../../../../src/model/values/address.js';
import type { Cluster, NodeAddress, Subnet } from '../../../../src/model/values/types.js';
import { HOST1, HOST2, network } from '../../model/fixtures.js';
import { livingNode } from '../../nodes.js';
import { EMPTY, HostStory } from './host-story.js';

const HOST3 = '10.0.0.77' as NodeAddress;
const clusterOf = (...nodes: readonly NodeAddress[]): Cluster => ({
  ...EMPTY,
  nodes: new Map(nodes.map((address) => [livingNode(address).id, livingNode(address)])),
});

let story: HostStory;
beforeEach(() => {
  vi.useFakeTimers();
  story = new HostStory();
  story.view.current = clusterOf(HOST1, HOST2, HOST3);
});
afterEach(() => {
  story.stop();
  vi.useRealTimers();
});

const ways = () => [...(story.kernel.probe?.ways.keys() ?? [])];

it('start: a device with the address and the MTU of the underlay, and no way to anybody', async () => {
  await story.look('probe');
  expect(story.done()).toEqual(['createProbe: missing']);
  expect(story.kernel.probe?.device).toEqual({ address: HOST1, mtu: 1450, port: 4789 });
  expect(ways()).toEqual([]);
  await vi.advanceTimersByTimeAsync(61_000);
  expect([story.done(), story.said()]).toEqual([[], []]);
});

it('before the cluster is read nothing is made, and nothing of an earlier process taken away', async () => {
  await story.look('probe');
  story.done();
  story.restart();
  story.view.current = { ...clusterOf(), complete: false };
  await story.look('probe');
  expect([story.done(), story.kernel.probe !== undefined]).toEqual([[], true]);
  // The copy of the cluster knows hosts.
  story.view.current = { ...clusterOf(HOST1, HOST2), complete: false };
  story.kernel.probe = undefined;
  await story.look('probe');
  expect(story.done()).toEqual(['createProbe: missing']);
});

it('a host alone needs none, and one whose cluster gave the id to a network has none', async () => {
  story.view.current = clusterOf(HOST1);
  await story.look('probe');
  expect(story.done()).toEqual([]);
  story.view.current = clusterOf(HOST1, HOST2);
  await story.look('probe');
  expect(story.done()).toEqual(['createProbe: missing']);
  const subnets = network().subnets.map((subnet): Subnet => ({ ...subnet, vni: 255 }));
  const taken = network({ subnets });
  story.view.current = { ...clusterOf(HOST1, HOST2), networks: new Map([[taken.id, taken]]) };
  await story.look('probe');
  expect(story.done()).toEqual(['removeProbe: not wanted']);
});

it('a way is opened to a node that somebody probes, stays a minute, and goes', async () => {
  await story.look('probe');
  story.done();
  expect(story.probes.want([HOST2])).toBe(true);
  await story.look('probe');
  expect([story.done(), ways()]).toEqual([['openProbe: somebody probes'], [HOST2]]);
  expect(story.probes.want([HOST2])).toBe(false);
  await vi.advanceTimersByTimeAsync(50_000);
  expect(ways()).toEqual([HOST2]);
  await vi.advanceTimersByTimeAsync(45_000);
  expect([story.done(), ways()]).toEqual([['closeProbe: nobody probes any more'], []]);
  expect(story.said()).toEqual([]);
});

it('nobody who is no node gets a way, nor this host itself, nor one that is forgotten meanwhile', async () => {
  await story.look('probe');
  story.done();
  expect(story.probes.want(['10.0.0.200' as NodeAddress, HOST1])).toBe(false);
  await story.look('probe');
  expect(story.done()).toEqual([]);
  story.probes.want([HOST2, HOST3]);
  await story.look('probe');
  expect(ways()).toEqual([HOST2, HOST3]);
  story.view.current = clusterOf(HOST1, HOST3);
  await story.look('probe');
  expect(ways()).toEqual([HOST3]);
});

it('it is said why nobody can be probed', async () => {
  expect(story.probes.trouble).toBeUndefined();
  story.view.current = { ...clusterOf(), complete: false };
  expect(story.probes.trouble).toBe('the cluster is not read yet');
  story.view.current = clusterOf(HOST1);
  expect(story.probes.trouble).toBe('the cluster has no other host of its IP family');
  const taken = network({ subnets: network().subnets.map((subnet): Subnet => ({ ...subnet, vni: 255 })) });
  story.view.current = { ...clusterOf(HOST1, HOST2), networks: new Map([[taken.id, taken]]) };
  expect(story.probes.trouble).toMatch(/^network \w+ has VXLAN id 255, which probes need; make that network anew/);
  story.facts = { ...story.facts, underlayMtu: 600 };
  story.view.current = clusterOf(HOST1, HOST2);
  expect(story.probes.trouble).toBe('an MTU of 600 leaves 550 bytes, and probes need 576');
});

it('what somebody changed is put right with the ways that were there, and told of once', async () => {
  await story.look('probe');
  story.probes.want([HOST2]);
  await story.look('probe');
  story.done();
  story.kernel.probe = undefined;
  await story.look('probe');
  expect([story.done(), ways()]).toEqual([['createProbe: missing', 'openProbe: somebody probes'], [HOST2]]);
  expect(story.said()).toEqual(['repaired the probe network, which somebody had removed or changed']);
});

it('half a way is made whole; what nobody wants there goes', async () => {
  await story.look('probe');
  story.probes.want([HOST2]);
  await story.look('probe');
  story.done();
  story.kernel.probe?.ways.set(HOST2, false);
  story.kernel.probe?.ways.set(parseIp('192.0.2.7'), false);
  await story.look('probe');
  expect(story.done()).toEqual(['openProbe: somebody probes', 'closeProbe: nobody probes any more']);
  expect([...(story.kernel.probe?.ways ?? [])]).toEqual([[HOST2, true]]);
});

it('another MTU of the underlay makes another device', async () => {
  await story.look('probe');
  story.done();
  story.facts = { ...story.facts, underlayMtu: 9000 };
  await story.look('probe');
  expect(story.done()).toEqual(['createProbe: MTU is 1450']);
  expect(story.kernel.probe?.device.mtu).toBe(8950);
  expect(story.said()).toEqual([]);
});
