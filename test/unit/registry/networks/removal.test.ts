/** A removal that finds endpoints is taken back: whoever attaches meanwhile waits for that, and what is new stays. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keys } from '../../../../src/model/values/names.js';
import type { NetworkId } from '../../../../src/model/values/types.js';
import { formatNetwork, parseNetwork } from '../../../../src/store/records/records.js';
import { FakeStore } from '../../../fakes/store.js';
import { makeHost } from '../host.js';

let store: FakeStore;
let one: Awaited<ReturnType<typeof makeHost>>;
let two: Awaited<ReturnType<typeof makeHost>>;
let network: NetworkId;
beforeEach(async () => {
  store = new FakeStore();
  one = await makeHost(store, '10.0.0.60');
  two = await makeHost(store, '10.0.0.61');
  network = await one.createNetwork(1);
  await two.networksSeen(network);
});
afterEach(() => {
  one.stop();
  two.stop();
});

/** As another host's removal does. */
const mark = (deleting: boolean) => {
  const entry = store.table.get(keys.network(network));
  const found = entry && parseNetwork(entry);
  if (found !== undefined) store.forge({ [keys.network(network)]: formatNetwork({ ...found, deleting }) });
};

it('an attach waits until the removal is taken back', async () => {
  mark(true);
  const run = two.run(7, network);
  await sleep(200);
  mark(false);
  expect(await run).toMatchObject({ address: '172.16.1.1/24' });
});

it('an attach says so when the network is gone in the end', async () => {
  mark(true);
  const run = expect(two.run(7, network)).rejects.toThrow('removed from the cluster');
  await sleep(100);
  store.remove(keys.network(network));
  await run;
});

it('a removal whose mark was taken back meanwhile looks again, and leaves the new endpoint alone', async () => {
  store.beforeCommit = async (ops) => {
    if (!ops.some((op) => op.verb === 'delete' && op.key === keys.network(network))) return;
    store.beforeCommit = undefined;
    mark(false);
    await two.run(7, network);
  };
  expect(await one.networks.remove(network)).toMatchObject({ removed: false });
  expect(await store.keys(keys.endpoints(network))).toHaveLength(1);
  expect(await store.get(keys.network(network))).toMatchObject({ value: expect.stringContaining('"deleting":false') });
});

it('two hosts that remove it at once, while a third one attaches, end with the network and the endpoint', async () => {
  await two.run(7, network);
  await Promise.all([one.networks.remove(network), one.networks.remove(network), two.run(8, network)]);
  expect(await store.keys(keys.endpoints(network))).toHaveLength(2);
  expect(await one.networks.get(network)).toMatchObject({ deleting: false });
});
