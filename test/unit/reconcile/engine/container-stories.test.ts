/** What becomes of a container's endpoint, name and address: from `docker run` on, and whoever dies in between. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreError, UserError } from '../../../../src/errors.js';
import { keys } from '../../../../src/model/values/names.js';
import type { NetworkId } from '../../../../src/model/values/types.js';
import { formatEndpoint } from '../../../../src/store/records/records.js';
import { FakeStore } from '../../../fakes/store.js';
import { endpoint as endpointOf } from '../../model/fixtures.js';
import { CLOCK, later, type StoryHost, settle, storyHost } from '../story.js';

let store: FakeStore;
let one: StoryHost;
let shop: NetworkId;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: [...CLOCK.toFake] });
  store = new FakeStore();
  one = await storyHost(store, '10.0.0.60');
  shop = await one.engine.networkCreate('shop', '172.16.1.0/24');
  await settle();
});
afterEach(() => {
  one.stop();
  vi.useRealTimers();
});

const names = async () => {
  await settle();
  const entries = (await store.list(keys.endpoints(shop))).entries;
  return entries.filter((e) => !e.key.startsWith('heads/')).map((e) => JSON.parse(e.value).names);
};
const addresses = () => store.keys('addresses/');

describe('a container', () => {
  it('has its name in the cluster when `docker run` returns, and its aliases with its start', async () => {
    const id = await one.engine.run('web', 'shop', ['www']);
    expect(await names()).toEqual([['web', 'www', id.slice(0, 12)]]);
    expect(await addresses()).toEqual(['addresses/172.16.1.0-24/172.16.1.1']);
  });

  it('keeps its host a member, whoever has taken the mark', async () => {
    await one.engine.run('web', 'shop');
    const marks = await store.keys('members/');
    expect(marks).toHaveLength(1);
    await store.commit(marks.map((key) => ({ verb: 'delete', key })));
    await later(61_000);
    expect(await store.keys('members/')).toEqual(marks);
  });

  it('that is renamed has its new name alone', async () => {
    const id = await one.engine.run('web', 'shop');
    one.engine.rename('web', 'front');
    expect(await names()).toEqual([['front', id.slice(0, 12)]]);
  });

  it('that is renamed while the store is away has it as soon as that is back', async () => {
    const id = await one.engine.run('web', 'shop');
    await settle();
    store.fail(new StoreError('gone', true));
    one.engine.rename('web', 'front');
    await settle();
    store.recover();
    await vi.waitFor(async () => expect(await names()).toEqual([['front', id.slice(0, 12)]]), 5_000);
  });

  it('that is stopped leaves neither endpoint nor address, and one of the same name gets another address', async () => {
    await one.engine.run('web', 'shop');
    await one.engine.rm('web');
    expect(await names()).toEqual([]);
    expect(await addresses()).toEqual([]);
    await one.engine.run('web', 'shop');
    expect(await addresses()).toEqual(['addresses/172.16.1.0-24/172.16.1.2']);
  });

  it('says nothing of itself on a host that has no node key: another living host has its address', async () => {
    const id = await one.engine.run('web', 'shop');
    await settle();
    one.tenure.refuse(new UserError('the address is taken'));
    one.engine.rename('web', 'front');
    one.engine.crash();
    await later(180_000);
    expect(await names()).toEqual([['web', id.slice(0, 12)]]);
  });
});

describe('an engine that dies', () => {
  it('leaves an endpoint that is freed with its address a minute later, not before', async () => {
    await one.engine.run('web', 'shop');
    one.engine.crash();
    await later(50_000);
    expect(await names()).toHaveLength(1);
    await later(15_000);
    expect(await names()).toEqual([]);
    expect(await addresses()).toEqual([]);
    expect(one.said.filter((line) => line.startsWith('warn'))).toEqual([
      'warn: freed an endpoint that the engine no longer has',
    ]);
  });

  it('while we are away, too, leaves one that is freed half a minute after our start', async () => {
    await one.engine.run('web', 'shop');
    await one.engine.run('alive', 'shop');
    await settle();
    const { engine, memory } = one;
    one.stop();
    engine.plugin = async () => ({});
    await engine.rm('web');
    one = await storyHost(store, '10.0.0.60', { engine, memory });
    await later(20_000);
    expect(await names()).toHaveLength(2);
    await later(15_000);
    expect((await names()).map(([name]) => name)).toEqual(['alive']);
    expect(await addresses()).toEqual(['addresses/172.16.1.0-24/172.16.1.2']);
  });

  it('with its host leaves nothing at the first start after the boot', async () => {
    await one.engine.run('web', 'shop');
    await settle();
    const { engine, memory } = one;
    one.stop();
    engine.crash();
    one = await storyHost(store, '10.0.0.60', { engine, memory });
    await one.containers.reapDead();
    expect(await names()).toEqual([]);
    expect(one.said).toContain('warn: freed an endpoint that has not outlived the boot of its host');
  });
});

describe('a crash of ours', () => {
  it('between lease and endpoint leaves an address that is free again within two minutes', async () => {
    await one.engine.plugin('IpamDriver.RequestAddress', { PoolID: '172.16.1.0/24', Address: '', Options: {} });
    const { engine, memory } = one;
    one.stop();
    one = await storyHost(store, '10.0.0.60', { engine, memory });
    expect(await addresses()).toHaveLength(1);
    await later(120_000);
    expect(await addresses()).toEqual([]);
    expect(one.said).toContain('warn: freed addresses that no endpoint took up');
  });

  it('between pool and network leaves a pool that is free again within two minutes', async () => {
    await one.engine.plugin('IpamDriver.RequestPool', {
      ...{ AddressSpace: 'tsoverlay', Pool: '172.16.9.0/24', SubPool: '', Options: {}, V6: false },
    });
    const { engine, memory } = one;
    one.stop();
    one = await storyHost(store, '10.0.0.60', { engine, memory });
    expect(await store.keys('pools/')).toHaveLength(2);
    await later(130_000);
    expect(await store.keys('pools/')).toEqual(['pools/172.16.1.0-24']);
    expect(one.said).toContain('warn: freed address pools that no network took up');
  });
});

it('a container of which the engine says nothing holds up neither the others’ names nor what is freed', async () => {
  await one.engine.run('gone', 'shop');
  await one.engine.run('hangs', 'shop');
  const id = await one.engine.run('tells', 'shop');
  await settle();
  const { engine, memory } = one;
  one.stop();
  engine.plugin = async () => ({});
  await engine.rm('gone');
  engine.rename('tells', 'front');
  engine.hanging.add('hangs');
  one = await storyHost(store, '10.0.0.60', { engine, memory });
  await later(130_000);
  expect((await names()).map(([name]) => name).sort()).toEqual(['front', 'hangs']);
  expect(await names()).toContainEqual(['front', id.slice(0, 12)]);
  const told = one.said.filter((line) => line.includes('says nothing of a container'));
  expect(told).toEqual(['warn: the engine says nothing of a container; all else goes on: no answer within 5 s']);
});

it('a record that says an endpoint lives here, though none does, is gone in two seconds', async () => {
  await one.engine.run('web', 'shop');
  await settle();
  const { engine, memory } = one;
  one.stop();
  one = await storyHost(store, '10.0.0.60', { engine, memory });
  // So that it is nobody's work in progress.
  await later(60_000);
  const forged = { ...endpointOf(77, '10.0.0.60' as never), network: shop, node: one.self };
  store.forge({ [keys.endpoint(shop, one.self, forged.id)]: formatEndpoint(forged) });
  await later(3_000);
  expect((await names()).map(([name]) => name)).toEqual(['web']);
});
