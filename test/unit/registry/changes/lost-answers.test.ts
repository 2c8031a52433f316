/** The store does it, and its answer is lost: nobody acts before it is known, and nothing is held twice or left over. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { StoreError } from '../../../../src/errors.js';
import type { Op } from '../../../../src/model/ports/ports.js';
import { FakeStore } from '../../../fakes/store.js';
import { hexId, makeHost } from '../host.js';

let store: FakeStore;
let one: Awaited<ReturnType<typeof makeHost>>;
beforeEach(async () => {
  store = new FakeStore();
  one = await makeHost(store, '10.0.0.60');
});
afterEach(() => {
  vi.restoreAllMocks();
  one.stop();
});

/** The next commit of such a key goes through, and nobody hears of it. */
function loseAnswer(prefix: string): void {
  const commit = store.commit.bind(store);
  let isLost = false;
  vi.spyOn(store, 'commit').mockImplementation(async (ops: readonly Op[]) => {
    const done = await commit(ops);
    if (isLost || !ops.some((op) => 'value' in op && op.key.startsWith(prefix))) return done;
    isLost = true;
    throw new StoreError('no answer', true);
  });
}

it('a network is in the view when its creation returns', async () => {
  loseAnswer('networks/');
  const reached = vi.spyOn(one.view, 'reached');
  const id = await one.createNetwork(1);
  expect(reached).toHaveBeenCalledOnce();
  expect(one.view.current.networks.has(id)).toBe(true);
});

it.each(['', '172.16.1.9'])('an address ("%s" wanted) is given out once', async (wanted) => {
  const network = await one.createNetwork(1);
  await one.networksSeen(network);
  loseAnswer('addresses/');
  const { address } = await one.run(7, network, wanted);
  expect(address).toBe(`${wanted || '172.16.1.1'}/24`);
  expect(await store.keys('addresses/')).toHaveLength(1);
});

it('an endpoint is seen when its creation returns', async () => {
  const network = await one.createNetwork(1);
  await one.networksSeen(network);
  loseAnswer('endpoints/');
  const { id } = await one.run(7, network);
  expect(await one.endpoints.awaitSeen(network, id, 1_000)).toMatchObject({ id });
  expect(await store.keys(`endpoints/${hexId(1)}/`)).toHaveLength(1);
});
