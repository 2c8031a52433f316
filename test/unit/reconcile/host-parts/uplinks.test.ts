/** Stories of what the host has for networks that are their containers' gateway. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Gwbridge } from '../../../../src/model/host/gwbridge.js';
import type { Cidr, Cluster, Mac } from '../../../../src/model/values/types.js';
import { cluster as clusterOf, network } from '../../model/fixtures.js';
import { HostStory } from './host-story.js';

const WANTED: Cluster = clusterOf([network({ options: { 'tsoverlay.gateway': 'overlay' } })], []);
const BRIDGE: Gwbridge = {
  ...{ mac: '02:42:00:00:00:01' as Mac, mtu: 1500, up: true, ports: [] },
  addresses: ['172.18.0.1/16' as Cidr],
};

let story: HostStory;
beforeEach(() => {
  vi.useFakeTimers();
  story = new HostStory();
});
afterEach(() => {
  story.stop();
  vi.useRealTimers();
});
const look = async () => {
  await story.look('uplinks');
  return story.done();
};

it('nothing for networks that are none', async () => {
  expect(await look()).toEqual([]);
  expect(story.requested).toEqual([]);
});

it('the first such network: the engine is asked for docker_gwbridge, which gets its address as soon as it is there', async () => {
  story.view.current = WANTED;
  expect(await look()).toEqual(['replaceUplinkRules: missing']);
  expect(story.requested).toEqual([undefined]);
  story.kernel.engineMakesGwbridge(BRIDGE);
  await vi.advanceTimersByTimeAsync(50);
  expect(story.done()).toEqual(['addGwbridgeAddress: missing']);
});

it('a flush of the ruleset: the rules are back within two seconds, and the log says so', async () => {
  story.view.current = WANTED;
  story.kernel.engineMakesGwbridge(BRIDGE);
  await look();
  story.kernel.flush();
  await vi.advanceTimersByTimeAsync(2_050);
  expect(story.done()).toEqual(['replaceUplinkRules: missing']);
  expect(story.said()).toContain('repaired the rules by which networks go out, which somebody had removed');
});

it('the last such network goes: so do address and rules', async () => {
  story.view.current = WANTED;
  story.kernel.engineMakesGwbridge(BRIDGE);
  await look();
  story.view.current = clusterOf([], []);
  expect(await look()).toEqual(['removeUplinkRules: not wanted', 'removeGwbridgeAddress: not wanted']);
  expect(story.kernel.bridge?.addresses).toEqual(BRIDGE.addresses);
});
