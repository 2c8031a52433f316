/** Stories of the guard of VXLAN's port: given cluster and kernel, when this happens, these steps. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { kernelError } from '../../../../src/kernel/system/errno.js';
import { keys } from '../../../../src/model/values/names.js';
import type { Cluster, NodeAddress } from '../../../../src/model/values/types.js';
import { formatNode } from '../../../../src/store/records/records.js';
import { ClusterView } from '../../../../src/store/view/cluster-view.js';
import { FakeStore } from '../../../fakes/store.js';
import { HOST1, HOST2, network } from '../../model/fixtures.js';
import { livingNode } from '../../nodes.js';
import { EMPTY, HostStory } from './host-story.js';

const clusterOf = (...nodes: readonly NodeAddress[]): Cluster => ({
  ...EMPTY,
  nodes: new Map(nodes.map((address) => [livingNode(address).id, livingNode(address)])),
});
const withNetwork = (cluster: Cluster): Cluster => ({ ...cluster, networks: new Map([[network().id, network()]]) });
const REPAIRED = 'repaired the guard of UDP 4789, which somebody had removed';

let story: HostStory;
beforeEach(() => {
  vi.useFakeTimers();
  story = new HostStory();
  story.view.current = clusterOf(HOST1, HOST2);
});
afterEach(() => {
  story.stop();
  vi.useRealTimers();
});

const members = () => {
  const { guard } = story.kernel;
  return typeof guard === 'object' ? [[...guard.nodes].sort().join(' '), [...guard.vnis].join(' ')] : guard;
};

it('start: made at once, and looked at every two seconds without a step', async () => {
  await story.look('vxlanGuard');
  expect(story.done()).toEqual(['replaceVxlanGuard: missing']);
  expect(members()).toEqual([`${HOST1} ${HOST2}`, '255']);
  const { looks } = story.kernel;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(story.kernel.looks - looks).toBe(5);
  expect([story.done(), story.said()]).toEqual([[], []]);
});

it('an outage in which a network is followed that cannot be read: a flush of the ruleset is mended all the same', async () => {
  const store = new FakeStore().put({ [keys.node(HOST1)]: formatNode(livingNode(HOST1)) });
  const [view, ending] = [new ClusterView(store), new AbortController()];
  view.start(ending.signal);
  await view.ready(1_000);
  story.view.current = view.current;
  await story.look('vxlanGuard');
  story.done();
  store.fail();
  view.subscribe(network().id);
  story.view.current = view.current;
  story.kernel.flush();
  await vi.advanceTimersByTimeAsync(2_050);
  ending.abort();
  expect(story.done()).toEqual(['replaceVxlanGuard: missing']);
});

it('before the cluster is read: nothing is made and nothing taken away', async () => {
  story.view.current = { ...clusterOf(), complete: false };
  story.kernel.guard = 'other';
  await story.look('vxlanGuard');
  expect([story.done(), members()]).toEqual([[], 'other']);
  story.view.current = clusterOf(HOST1);
  await vi.advanceTimersByTimeAsync(2_100);
  expect(story.done()).toEqual(['replaceVxlanGuard: not as this process makes it']);
});

it('a node comes, a network comes: the sets get what is new', async () => {
  await story.look('vxlanGuard');
  story.done();
  story.view.current = clusterOf(HOST1, HOST2, '10.0.0.77' as NodeAddress);
  await story.look('vxlanGuard');
  story.view.current = withNetwork(story.view.current);
  await story.look('vxlanGuard');
  expect(story.done()).toEqual(['changeVxlanGuard: 1 members differ', 'changeVxlanGuard: 1 members differ']);
  expect(members()).toEqual([`${HOST1} ${HOST2} 10.0.0.77`, '255 256']);
  expect(story.said()).toEqual([]);
});

it('a node goes: kept out ten seconds later, for in a store that was replaced all are gone for a moment', async () => {
  await story.look('vxlanGuard');
  story.done();
  story.view.current = clusterOf(HOST1);
  await story.look('vxlanGuard');
  await vi.advanceTimersByTimeAsync(8_000);
  expect(story.done()).toEqual([]);
  await vi.advanceTimersByTimeAsync(4_000);
  expect([story.done(), members()]).toEqual([['changeVxlanGuard: 1 members differ'], [HOST1, '255']]);
});

it('a node of the other family cannot send to this underlay: it is in no set', async () => {
  story.view.current = clusterOf(HOST1, 'fd00::9' as NodeAddress);
  await story.look('vxlanGuard');
  await vi.advanceTimersByTimeAsync(4_000);
  expect([story.done().length, members()]).toEqual([1, [HOST1, '255']]);
});

it('flushed: made anew with the next look, and told of', async () => {
  await story.look('vxlanGuard');
  story.done();
  story.kernel.flush();
  await vi.advanceTimersByTimeAsync(2_000);
  expect([story.done(), story.said()]).toEqual([['replaceVxlanGuard: missing'], [REPAIRED]]);
});

it('an address added by hand: taken out again, and told of', async () => {
  await story.look('vxlanGuard');
  story.done();
  if (typeof story.kernel.guard === 'object') story.kernel.guard.nodes.add('203.0.113.9');
  await vi.advanceTimersByTimeAsync(2_000);
  expect([story.done(), story.said()]).toEqual([['changeVxlanGuard: 1 members differ'], [REPAIRED]]);
  expect(members()).toEqual([`${HOST1} ${HOST2}`, '255']);
});

it('restart: made anew once by the new process, which is no repair', async () => {
  await story.look('vxlanGuard');
  story.restart();
  await story.look('vxlanGuard');
  await story.look('vxlanGuard');
  expect([story.done(), story.said()]).toEqual([['replaceVxlanGuard: not as this process makes it'], []]);
});

it('not wanted any more: what an earlier setting made goes, and nobody looks again', async () => {
  story.stop();
  story = new HostStory({ isGuarded: false });
  story.kernel.guard = 'other';
  await story.look('vxlanGuard');
  const { looks } = story.kernel;
  await vi.advanceTimersByTimeAsync(60_000);
  expect([story.done(), story.kernel.looks]).toEqual([['removeVxlanGuard: not wanted'], looks]);
});

it('a kernel that refuses: told of, tried again with backoff, and the other parts go on', async () => {
  story.kernel.fails = (step) =>
    step.kind === 'replaceVxlanGuard' ? kernelError('nft add table tsoverlay-guard', 'EPERM') : undefined;
  story.kernel.sysctls.set('net/ipv4/neigh/default/gc_thresh3', 1024);
  await story.look('vxlanGuard');
  await story.look('sysctls');
  expect([story.done(), story.said()]).toEqual([
    ['raiseSysctl: it is 1024'],
    ['VXLAN from unknown addresses is not kept out: nft add table tsoverlay-guard: EPERM'],
  ]);
  story.kernel.fails = () => undefined;
  await vi.advanceTimersByTimeAsync(500);
  expect([story.done(), story.said()]).toEqual([
    ['replaceVxlanGuard: missing'],
    ["the guard of VXLAN's port is as it should be"],
  ]);
});

it('datagrams that did not come by the route to their node: told of once a minute, those of before never', async () => {
  story.kernel.strayed = 3;
  await story.look('vxlanGuard');
  await vi.advanceTimersByTimeAsync(2_000);
  story.kernel.strayed = 8;
  await vi.advanceTimersByTimeAsync(6_000);
  story.kernel.strayed = 12;
  await vi.advanceTimersByTimeAsync(6_000);
  expect(story.said()).toEqual([expect.stringContaining('VXLAN_GUARD=incoming')]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(story.said()).toHaveLength(1);
});
