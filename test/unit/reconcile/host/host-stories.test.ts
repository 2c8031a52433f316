/** Stories of a network's namespace: given cluster and kernel, when this happens, these steps in this order. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { UserError } from '../../../../src/errors.js';
import type { Endpoint, Ip } from '../../../../src/model/values/types.js';
import { cluster as clusterOf, endpoint, endpointId, HOST1, HOST2, network } from '../../model/fixtures.js';
import { NAMESPACE, NetworkStory } from './network-story.js';

const [OWN, OTHER] = [endpoint(1, HOST1), endpoint(2, HOST2)];
const cluster = (...endpoints: readonly Endpoint[]) => clusterOf([network()], endpoints);
const BUILD = ['createNamespace', 'createBridge br0', 'addAddress br0', 'createVxlan vxlan0', 'createPort veth0'];
const PEER = ['replaceStatic vxlan0', 'replaceNeighbour vxlan0', 'replaceFdb vxlan0'];
const repaired = (...kinds: readonly string[]) => kinds.map((kind) => `repaired a network's namespace: ${kind}`);

let story: NetworkStory;
beforeEach(async () => {
  vi.useFakeTimers();
  story = new NetworkStory(cluster(OWN, OTHER));
  await story.start();
});
afterEach(() => {
  story.stop();
  vi.useRealTimers();
});

/** A container of this host is attached. */
const attached = async () => {
  story.join(OWN.id);
  await story.settle();
  return story.done();
};

it('start: the container’s port, and all peers', async () => {
  expect(await attached()).toEqual([...BUILD, 'replaceStatic vxlan0', 'replaceStatic veth0', ...PEER.slice(1)]);
  await vi.advanceTimersByTimeAsync(120_000);
  expect([story.done(), story.said()]).toEqual([[], []]);
});

it('restart: nothing to do', async () => {
  await attached();
  await story.restart();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([story.done(), story.said()]).toEqual([[], []]);
});

it('restart of an encrypted network: nothing is taken away before the mesh is looked at', async () => {
  story.stop();
  story = new NetworkStory(clusterOf([network({ options: { encrypted: '' } })], [OWN, OTHER]));
  story.meshVteps = new Map([[OTHER.node, '10.9.9.9' as Ip]]);
  await story.start();
  expect(await attached()).toContain('replaceFdb vxlan0');
  story.meshVteps = undefined;
  await story.restart();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(story.done()).toEqual([]);
});

it('restart after a peer came and another went: those two alone', async () => {
  await attached();
  story.stop();
  const third = endpoint(3, HOST2);
  await story.become(cluster(OWN, third));
  await story.restart();
  expect(story.done()).toEqual([
    ...['removeStatic vxlan0', 'replaceStatic vxlan0'],
    ...['removeNeighbour vxlan0', 'replaceNeighbour vxlan0'],
    ...['replaceFdb vxlan0', 'removeFdb vxlan0'],
  ]);
});

it('wipe: all of it built anew by the next full look', async () => {
  await attached();
  story.kernel.wipe();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(story.done()).toEqual([...BUILD, 'replaceStatic vxlan0', 'replaceStatic veth0', ...PEER.slice(1)]);
});

it('prune: the last container goes, and the namespace with it', async () => {
  await attached();
  await story.become(cluster(OTHER));
  expect(story.done()).toEqual(['removeNamespace']);
});

it('prune: not before all was read from the store itself', async () => {
  await attached();
  story.tenure.prunes = false;
  await story.become(cluster(OTHER));
  expect(story.done()).toEqual([]);
  story.tenure.prunes = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(story.done()).toEqual(['removeNamespace']);
});

it('half a cluster: nothing is touched', async () => {
  await attached();
  await story.become({ ...cluster(), endpoints: new Map() });
  expect(story.done()).toEqual([]);
});

it('the address is another host’s: nothing is touched', async () => {
  await attached();
  story.tenure.refusal = new UserError('it lives');
  await story.become(cluster(OWN));
  expect(story.done()).toEqual([]);
});

it('repair: a VXLAN device deleted comes back with its entries as soon as the kernel tells, and is told of', async () => {
  await attached();
  story.kernel.deleteLink(NAMESPACE, 'vxlan0');
  await story.settle();
  expect(story.done()).toEqual(['createVxlan vxlan0', ...PEER]);
  expect(story.said()).toEqual(repaired('createVxlan', 'replaceStatic', 'replaceNeighbour', 'replaceFdb'));
});

it('repair: a container’s veth pair deleted is put back into the container', async () => {
  await attached();
  // The engine has fetched the other end.
  await story.become(cluster(OWN, OTHER));
  story.done();
  story.kernel.deleteLink(NAMESPACE, 'veth0');
  await story.settle();
  expect(story.done()).toEqual(['createPort veth0', 'replaceStatic veth0']);
  expect(story.said()).toEqual(repaired('createPort', 'replaceStatic'));
});

it('repair: what nobody told is found by the next full look', async () => {
  await attached();
  story.kernel.spaces.get(NAMESPACE)?.neighbours.clear();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([story.done(), story.said()]).toEqual([['replaceNeighbour vxlan0'], repaired('replaceNeighbour')]);
});

it('lost news: one look at all, which finds it', async () => {
  await attached();
  story.kernel.spaces.get(NAMESPACE)?.fdb.clear();
  story.kernel.tell(NAMESPACE, { kind: 'lost' });
  await story.settle();
  expect([story.done(), story.said()]).toEqual([['replaceFdb vxlan0'], repaired('replaceFdb')]);
});

it('an address that another card has now: said to the containers here', async () => {
  await attached();
  const moved = { ...OTHER, id: endpointId(9), mac: '02:00:00:00:00:99' as Endpoint['mac'] };
  await story.become(cluster(OWN, moved));
  expect(story.kernel.said).toEqual(['172.16.1.2 is-at 02:00:00:00:00:99']);
});

it('one container after the other: the new port at once, the old ones when it is quiet, as no repair', async () => {
  await attached();
  const next = endpoint(3, HOST1);
  story.disturb();
  story.local.remove(OWN.id);
  await story.become(cluster(next, OTHER));
  story.join(next.id);
  await story.settle();
  expect(story.done()).toEqual(['createPort veth1', 'replaceStatic veth1']);
  await vi.advanceTimersByTimeAsync(600);
  expect([story.done(), story.said()]).toEqual([['removeLink veth0'], []]);
  await vi.advanceTimersByTimeAsync(120_000);
  expect([story.done(), story.said()]).toEqual([[], []]);
});

it('containers come and go all the time: what is made is made before old links go, for a container waits for it', async () => {
  await attached();
  for (let i = 0; i < 12; i++) {
    story.disturb();
    story.local.remove(OWN.id);
    await story.become(cluster(endpoint(i + 3, HOST1), OTHER));
    story.join(endpoint(i + 3, HOST1).id);
    await story.settle();
    if (i < 11) story.local.remove(endpoint(i + 3, HOST1).id);
    await vi.advanceTimersByTimeAsync(250);
  }
  const done = story.done().filter((step) => !step.startsWith('replaceStatic'));
  const first = done.findIndex((step) => step.startsWith('removeLink'));
  expect(first).toBeGreaterThan(0);
  expect(done[first - 1]).toMatch(/^createPort/);
  expect(done.filter((step) => step.startsWith('removeLink')).length).toBeGreaterThan(5);
});

it('the last container goes, and the next one comes soon: into the namespace that there is, whose tables are known', async () => {
  await attached();
  const { all } = story.kernel.looks;
  story.disturb();
  story.local.remove(OWN.id);
  await story.become(cluster(OTHER));
  const third = endpoint(4, HOST2);
  await story.become(cluster(third));
  await vi.advanceTimersByTimeAsync(800);
  expect(story.done()).toEqual([]);
  const next = endpoint(3, HOST1);
  story.disturb();
  await story.become(cluster(next, third));
  story.join(next.id);
  await story.settle();
  expect(story.done().filter((step) => !step.endsWith(' vxlan0'))).toEqual(['createPort veth1', 'replaceStatic veth1']);
  expect([story.kernel.looks.all, story.said()]).toEqual([all, []]);
  await vi.advanceTimersByTimeAsync(600);
  const state = story.kernel.state;
  await story.restart();
  expect([story.done(), story.kernel.state]).toEqual([[], state]);
});

it('what is damaged while a namespace waits for a container is mended for the next one', async () => {
  await attached();
  story.disturb();
  story.local.remove(OWN.id);
  await story.become(cluster(OTHER));
  story.kernel.deleteLink(NAMESPACE, 'vxlan0');
  await story.settle();
  const next = endpoint(3, HOST1);
  story.disturb();
  await story.become(cluster(next, OTHER));
  story.join(next.id);
  await story.settle();
  expect(story.done()).toEqual(expect.arrayContaining(['createVxlan vxlan0', 'replaceNeighbour vxlan0']));
});

it('the last container goes: so does the namespace, when no other comes', async () => {
  await attached();
  story.disturb();
  story.local.remove(OWN.id);
  await story.become(cluster(OTHER));
  await vi.advanceTimersByTimeAsync(900);
  expect(story.done()).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect([story.done(), story.said()]).toEqual([['removeNamespace'], []]);
});

it('its network goes, too: so does the namespace at once, for its VNI is free', async () => {
  await attached();
  story.disturb();
  story.local.remove(OWN.id);
  await story.become(clusterOf([], []));
  expect(story.done()).toEqual(['removeNamespace']);
});

it('a clean stop leaves nothing behind that waited', async () => {
  await attached();
  story.disturb();
  story.local.remove(OWN.id);
  await story.become(cluster(OTHER));
  await story.catchUp();
  expect(story.done()).toEqual(['removeNamespace']);
});

it('a pass that began before the cluster was loaded removes nothing, though it is by the time that it ends', async () => {
  await attached();
  story.stop();
  story.tenure.prunes = false;
  await story.become(clusterOf([], []));
  const look = story.kernel.observe;
  let go = () => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  await story.restart();
  story.kernel.observe = async (...which) => {
    await held;
    return look(...which);
  };
  // It looks at the kernel while the cluster comes, and with it the leave to prune.
  await story.become(clusterOf([], []));
  await story.become(cluster(OWN, OTHER));
  story.tenure.prunes = true;
  go();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(story.done()).not.toContain('removeNamespace');
});
