import { beforeEach, describe, expect, it } from 'vitest';
import { isUserError } from '../../../src/errors.js';
import { keys } from '../../../src/model/values/names.js';
import { Identity } from '../../../src/registry/nodes/identity.js';
import { formatCluster, parseCluster } from '../../../src/store/records/cluster-record.js';
import { formatNode } from '../../../src/store/records/records.js';
import { VersionedStore } from '../../../src/store/versioned.js';
import { FakeStore } from '../../fakes/store.js';
import { idOf, nodeOf } from '../nodes.js';

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

/** A host that lives, as a build that reads this version writes it. */
const host = (address: string, reads: number, version = 3) =>
  inner.hold(keys.node(address), JSON.stringify({ ...JSON.parse(formatNode(nodeOf(address))), version, reads }));
const clusterOf = (version: number) =>
  inner.forge({ [keys.cluster]: formatCluster({ version, id: UUID, vxlanPort: 4789 }) });

describe('a cluster of the next release', () => {
  beforeEach(() => void clusterOf(4));

  it('is refused with the cure, whether its hosts live or not', async () => {
    const one = await host('10.0.0.60', 4, 4);
    const sentence =
      'tsoverlay/ in Consul has records of version 4 and this tsoverlay reads up to 3; install the release that the other hosts run';
    await expect(store.check()).rejects.toThrow(sentence);
    await expect(store.commit([{ verb: 'set', key: 'a', value: '' }])).rejects.toThrow(sentence);
    await one.release();
    await expect(store.hold(keys.node('10.0.0.61'), '{}', () => {})).rejects.toThrow(sentence);
    // Nothing of this release counts: it is gone and has left nothing.
    await (await host('10.0.0.62', 3)).release();
    const error = await store.check().catch((e: unknown) => e);
    expect(isUserError(error) && error.message).toBe(sentence);
  });

  it.each([
    ['nobody reads it', () => host('10.0.0.60', 3)],
    ['there is nobody', async () => {}],
    ['a host of this release lives', () => Promise.all([host('10.0.0.60', 4), host('10.0.0.61', 3)])],
    [
      'a host of this release has left endpoints',
      async () => {
        await host('10.0.0.60', 4);
        await (await host('10.0.0.61', 3)).release();
        inner.forge({ [keys.member(idOf('10.0.0.61'), 'a'.repeat(64))]: '' });
      },
    ],
  ])('is none where %s: somebody wrote that', async (_, given) => {
    await given();
    await store.check();
    expect(await store.commit([{ verb: 'set', key: 'pools/x', value: '{"version":2}' }])).toMatchObject({ ok: true });
    expect((await inner.get('pools/x'))?.value).toBe('{"version":2}');
  });

  it('that somebody makes of it while this host runs stops nothing', async () => {
    clusterOf(3);
    await host('10.0.0.60', 3);
    await host('10.0.0.61', 4);
    await store.check();
    clusterOf(4);
    expect((await store.look())?.verdict).toEqual({ kind: 'writes', version: 2, unfounded: true });
    expect(await store.commit([{ verb: 'set', key: 'a', value: '' }])).toMatchObject({ ok: true });
  });

  it('is no matter of what cannot be a host', async () => {
    clusterOf(4);
    const node = JSON.parse(formatNode(nodeOf('10.0.0.60')));
    for (const [i, change] of [{ reads: 1e300 }, { reads: '4' }, { id: '../..' }, { hostname: '\u0000' }].entries())
      await inner.hold(keys.node(`10.0.0.7${i}`), JSON.stringify({ ...node, reads: 4, ...change }));
    inner.forge({ [keys.node('10.0.0.80')]: JSON.stringify({ ...node, reads: 4 }) });
    await inner.hold(keys.node('x'.repeat(9)), JSON.stringify({ ...node, reads: 4 }));
    await store.check();
  });
});

it('a thousand hosts that somebody invents cost a bounded number of questions', async () => {
  clusterOf(4);
  for (let i = 0; i < 1_000; i++)
    inner.put({ [keys.node(`10.9.${i >> 8}.${i & 255}`)]: formatNode(nodeOf('10.0.0.60')) });
  let asked = 0;
  const keysOf = inner.keys.bind(inner);
  inner.keys = (prefix) => {
    asked++;
    return keysOf(prefix);
  };
  await store.check();
  expect(asked).toBeLessThanOrEqual(64);
});

describe('the record of the cluster', () => {
  it('is read as it is written, with more in it, and of a newer release', () => {
    const record = { version: 2, id: UUID, vxlanPort: 8472 };
    expect(parseCluster(formatCluster(record))).toEqual(record);
    expect(JSON.parse(formatCluster(record))).toEqual(record);
    expect(parseCluster(`{"version":3,"id":"${UUID}","vxlanPort":8472,"more":[]}`)).toEqual({ ...record, version: 3 });
    expect(parseCluster(`{"version":2,"id":"${UUID}"}`)).toEqual({ version: 2, id: UUID, vxlanPort: 4789 });
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
