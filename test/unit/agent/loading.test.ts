/** What a start reads of the cluster before it may say what is not in it. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Loading } from '../../../src/agent/loading.js';
import { keys, namespaceName } from '../../../src/model/values/names.js';
import type { NamespaceName, NetworkId } from '../../../src/model/values/types.js';
import { Tenure } from '../../../src/registry/nodes/tenure.js';
import { FakeStore } from '../../fakes/store.js';
import { makeHost } from '../registry/host.js';

const ADDRESS = '10.0.0.60';

let store: FakeStore;
let network: NetworkId;
let stop: () => void;

/** A host with a container, whose process has ended. */
beforeEach(async () => {
  store = new FakeStore();
  const before = await makeHost(store, ADDRESS);
  network = await before.createNetwork(1);
  await before.run(10, network);
  await before.createNetwork(2, '172.16.2.0/24' as never);
  before.stop();
});
afterEach(() => stop());

/** It starts again, and finds these namespaces in its kernel. */
async function start(standing: readonly NamespaceName[]) {
  const host = await makeHost(store, ADDRESS);
  const tenure = new Tenure();
  tenure.take();
  const loading = new Loading({
    ...host,
    tenure,
    kernel: { namespaces: async () => standing },
    copyFile: { load: () => undefined },
    reclaimer: { reclaimMissing: async () => undefined },
    versioned: { check: async () => undefined },
    heal: async () => undefined,
    log: { warn: () => undefined },
  });
  const ending = new AbortController();
  stop = () => {
    ending.abort();
    host.stop();
  };
  await loading.load(ending.signal);
  return host;
}

it('knows its endpoints by the marks of membership', async () => {
  const { membership } = await start([]);
  expect(membership.own(network)).toHaveLength(1);
});

it('knows those of a namespace that stands though its mark is lost, and takes part in no other', async () => {
  await store.commit([{ verb: 'deleteTree', prefix: 'members/' }]);
  const others = [...(await store.keys(keys.networks))].map((key) => key.slice(keys.networks.length) as NetworkId);
  const { membership } = await start(others.map(namespaceName));
  expect([...membership.networks]).toEqual([network]);
  expect(membership.own(network)).toHaveLength(1);
});
