import { beforeEach, describe, expect, it } from 'vitest';
import { isUserError } from '../../../src/errors.js';
import { keys } from '../../../src/model/names.js';
import { Identity } from '../../../src/registry/identity.js';
import { formatCluster, parseCluster } from '../../../src/store/cluster-record.js';
import { VersionedStore } from '../../../src/store/versioned.js';
import { FakeStore } from '../../fakes/store.js';

const UUID = '3f0c2b1e-8a52-4d0e-9d3c-6a6f0f5f7f10';
const NETWORK = keys.network('a'.repeat(64));
/** As release 1 left it. */
const OLDER = { [keys.cluster]: UUID, [keys.node('10.0.0.60')]: '{"version":1}', [NETWORK]: '{"version":1}' };
const SENTENCE =
  'tsoverlay/ in Consul holds records of version 1, of an older tsoverlay, which this one cannot use; remove them';

let inner: FakeStore;
let store: VersionedStore;
beforeEach(() => {
  inner = new FakeStore();
  store = new VersionedStore(inner, 'tsoverlay/ in Consul', 'remove them');
});

describe('a store of version 1', () => {
  beforeEach(() => void inner.forge(OLDER));

  it('is refused with the cure, and nothing is written into it', async () => {
    const before = await inner.list('');
    const tries = [
      store.check(),
      store.commit([{ verb: 'set', key: 'a', value: '' }]),
      store.hold(keys.node('10.0.0.60'), '{}', () => {}),
    ];
    for (const tried of tries) {
      const error = await tried.catch((e: unknown) => e);
      expect(isUserError(error) && error.message).toBe(SENTENCE);
    }
    expect(await inner.list('')).toEqual(before);
    expect(inner.commits).toEqual([]);
  });

  it('is taken once it was emptied', async () => {
    await expect(store.check()).rejects.toThrow(SENTENCE);
    inner.table.commit([{ verb: 'deleteTree', prefix: '' }]);
    await store.check();
    expect(await store.commit([{ verb: 'set', key: 'a', value: '' }])).toMatchObject({ ok: true });
  });

  it('that takes the place of ours is refused as soon as somebody looks which cluster it is', async () => {
    inner.table.commit([{ verb: 'deleteTree', prefix: '' }]);
    const memory = { cluster: undefined, rememberCluster: () => {} };
    const identity = new Identity(store, memory, 4789);
    await identity.read();
    inner.forge(OLDER);
    // A host that runs has its own key back at once.
    inner.forge({ [keys.node('10.0.0.60')]: '{"version":2}' });
    expect(await identity.isKnown()).toBe(false);
    await expect(store.commit([{ verb: 'set', key: 'a', value: '' }])).rejects.toThrow(SENTENCE);
  });
});

it('a store that does not answer is no older one, and is asked before the first write', async () => {
  inner.fail();
  await expect(store.check()).rejects.toThrow('the fake store is down');
  inner.recover();
  inner.forge(OLDER);
  await expect(store.commit([])).rejects.toThrow(SENTENCE);
});

it.each([
  ['alone', {}],
  ['with nodes that somebody invents', { [keys.node('10.0.0.99')]: '{"version":1}', [NETWORK]: '{"version":2}' }],
])('the id of an older cluster, put over ours, %s, is another cluster and no older one', async (_, more) => {
  inner.forge({ [keys.cluster]: UUID, [keys.node('10.0.0.60')]: '{"version":2}', ...more });
  await store.check();
  expect(await store.commit([{ verb: 'set', key: 'a', value: '' }])).toMatchObject({ ok: true });
});

describe('the record of the cluster', () => {
  it('is read as it is written, with more in it, and of a newer release', () => {
    const record = { id: UUID, vxlanPort: 8472 };
    expect(parseCluster(formatCluster(record))).toEqual(record);
    expect(JSON.parse(formatCluster(record))).toEqual({ version: 2, ...record });
    expect(parseCluster(`{"version":3,"id":"${UUID}","vxlanPort":8472,"more":[]}`)).toEqual(record);
    expect(parseCluster(`{"version":2,"id":"${UUID}"}`)).toEqual({ id: UUID, vxlanPort: 4789 });
  });

  it.each([
    '',
    'garbage',
    '{"version":2,"id":"\\u001b[2J"}',
    '{"id":"a"}',
    '{"version":2,"id":"a","vxlanPort":0}',
    'x'.repeat(500_000),
  ])('that is garbage is another cluster: %.40j', (value) =>
    expect(parseCluster(value)).toEqual({ id: expect.stringMatching(/^[0-9a-f]{64}$/) }),
  );
});
