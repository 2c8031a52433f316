/** A host without its node key changes nothing, and says why. */
import { expect, it, vi } from 'vitest';
import { isStoreError, UserError } from '../../../../src/errors.js';
import type { Cidr } from '../../../../src/model/values/types.js';
import { TenantStore, Tenure } from '../../../../src/registry/nodes/tenure.js';
import { FakeStore } from '../../../fakes/store.js';
import { heardRows } from '../../health/heard.js';
import { makeHost } from '../host.js';

const TAKEN = new UserError('10.0.0.60 is the address of host a, which lives, so that host b cannot have it');
const write = (store: TenantStore) => store.commit([{ verb: 'set', key: 'networks/a', value: '' }]);

it('writes nothing before the key is held, while it is another’s, and with a setting that does not fit', async () => {
  const inner = new FakeStore();
  const tenure = new Tenure();
  const store = new TenantStore(inner, tenure);
  const early = await write(store).catch((e: unknown) => e);
  expect(isStoreError(early) && early.retryable).toBe(true);
  tenure.wait('Consul at 10.0.0.60:8500 cannot be reached');
  await expect(write(store)).rejects.toThrow('not taken its node key yet: Consul at 10.0.0.60:8500 cannot be reached');
  tenure.refuse(TAKEN);
  await expect(write(store)).rejects.toBe(TAKEN);
  tenure.take();
  await expect(write(store)).resolves.toMatchObject({ ok: true });
  tenure.refuse(TAKEN);
  await expect(write(store)).rejects.toBe(TAKEN);
  const port = new UserError('VXLAN_PORT is 4790 on this host and 4789 in the cluster');
  tenure.forbid(port);
  tenure.take();
  await expect(write(store)).rejects.toBe(port);
  expect(inner.commits).toHaveLength(1);
  expect(await store.keys('networks/'), 'reading goes on').toEqual(['networks/a']);
});

it('prunes only when it holds the key and all has been read', () => {
  const tenure = new Tenure();
  const seen: boolean[] = [];
  for (const step of ['take', 'trust'] as const) {
    tenure[step]();
    seen.push(tenure.prunes);
  }
  tenure.refuse(TAKEN);
  seen.push(tenure.prunes);
  tenure.take();
  seen.push(tenure.prunes);
  expect(seen).toEqual([false, true, false, true]);
  const hasty = new Tenure();
  hasty.trust();
  expect(hasty.prunes).toBe(false);
});

it('tells each taking and each reason once, and wakes who waits for either', async () => {
  const onTake = vi.fn();
  const { rows, log, troubles } = heardRows();
  const tenure = new Tenure(rows.of('node.key').row());
  tenure.onTake(onTake);
  expect(troubles()).toEqual(['node.key pending']);
  const [tried, taken] = [tenure.tried(), tenure.taken()];
  for (let i = 0; i < 3; i++) tenure.refuse(TAKEN);
  await tried;
  expect(log.words).toEqual([TAKEN.message]);
  expect(tenure.refusal).toBe(TAKEN);
  for (let i = 0; i < 3; i++) tenure.take();
  await taken;
  expect(onTake).toHaveBeenCalledTimes(1);
  expect(tenure.refusal).toBeUndefined();
  expect(log.words).toEqual([TAKEN.message, 'this host has its node key']);
  tenure.wait('Consul does not answer');
  expect(troubles()).toEqual(['node.key failing']);
  tenure.take();
  expect([troubles(), onTake.mock.calls.length]).toEqual([[], 1]);
  tenure.forbid(new UserError('VXLAN_PORT is 4790'));
  tenure.take();
  tenure.wait('Consul does not answer');
  expect(log.words.at(-1)).toBe('VXLAN_PORT is 4790');
  expect(troubles()).toEqual(['node.key failing']);
});

it('what a driver call of such a host reads is the reason, at once', async () => {
  const inner = new FakeStore();
  const tenure = new Tenure();
  tenure.take();
  const host = await makeHost(new TenantStore(inner, tenure), '10.0.0.60');
  const network = await host.createNetwork(1);
  await host.networksSeen(network);
  const attached = await host.run(10, network);
  tenure.refuse(TAKEN);
  const before = await inner.list('');
  const began = performance.now();
  await expect(host.createNetwork(2, '172.16.2.0/24' as Cidr)).rejects.toBe(TAKEN);
  await expect(host.run(11, network)).rejects.toBe(TAKEN);
  await expect(host.networks.remove(network)).rejects.toBe(TAKEN);
  await expect(host.rm(network, attached)).rejects.toBe(TAKEN);
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(await inner.list('')).toEqual(before);
  host.stop();
});
