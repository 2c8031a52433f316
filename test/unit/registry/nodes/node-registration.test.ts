/** What a host says of itself can be read by others, whatever the host is like. */
import { describe, expect, it, vi } from 'vitest';
import { UserError } from '../../../../src/errors.js';
import type { HostFacts } from '../../../../src/model/ports/kernel-port.js';
import { hostnameOf } from '../../../../src/model/values/shapes.js';
import type { Cidr, NodeAddress } from '../../../../src/model/values/types.js';
import { NodeRegistration } from '../../../../src/registry/nodes/node-registration.js';
import { Tenure } from '../../../../src/registry/nodes/tenure.js';
import { formatNode, parseNode } from '../../../../src/store/records/records.js';
import { VersionedStore } from '../../../../src/store/versioned.js';
import { FakeStore } from '../../../fakes/store.js';
import { idOf, nodeOf } from '../../nodes.js';

const SELF = '10.0.0.60' as NodeAddress;
const publish = async (name: string, facts: Partial<HostFacts>) => {
  const store = new FakeStore();
  const self = nodeOf(SELF, { hostname: hostnameOf(name) });
  const registration = new NodeRegistration({ store, self, tenure: new Tenure() });
  registration.open();
  await registration.publish({ hasGwbridge: false, routes: [], gwbridgeNetworks: [], underlayMtu: 1500, ...facts });
  const entry = await store.get(`nodes/${SELF}`);
  return entry && parseNode(entry);
};

it.each([
  ['docker01', 'docker01'],
  ['my host\u001b[2J', 'my_host\\u001b[2J'],
  ['\u202e', '\\u202e'],
  ['', 'unnamed'],
])('the host %j', async (hostname, as) => {
  expect(await publish(hostname, {})).toMatchObject({ hostname: as, alive: true });
});

it('whose address is on the loopback device, whose MTU is larger than any', async () => {
  expect(await publish('router', { underlayMtu: 65_536 })).toMatchObject({ mtu: 65_535 });
});

it('with the routes of the whole internet names the widest ones', async () => {
  const routes = Array.from({ length: 5_000 }, (_, i) => `20.${i >> 8}.${i & 255}.0/24` as Cidr);
  const found = await publish('router', { routes: [...routes, '10.0.0.0/8' as Cidr] });
  expect(found?.routes).toHaveLength(512);
  expect(found?.routes).toContain('10.0.0.0/8');
});

describe('a host with another address', () => {
  const record = (address: string, id = idOf('self')) => formatNode(nodeOf(address, { id }));
  const start = async (store: FakeStore) => {
    const moved = vi.fn();
    const tenure = new Tenure();
    const self = nodeOf(SELF, { id: idOf('self') });
    const registration = new NodeRegistration({ store, self, tenure, onMove: moved });
    registration.open();
    await registration.publish({ hasGwbridge: false, routes: [], gwbridgeNetworks: [], underlayMtu: 1500 });
    await vi.waitFor(async () => expect((await store.get(`nodes/${SELF}`))?.held).toBe(true));
    await new Promise(setImmediate);
    return { moved, tenure };
  };

  it('drops its former key, held or not, and nobody else’s', async () => {
    const store = new FakeStore().put({
      'nodes/10.0.0.70': record('10.0.0.70'),
      'nodes/10.0.0.61': record('10.0.0.61', idOf('other')),
      'nodes/10.0.0.99': 'garbage',
    });
    await store.hold('nodes/10.0.0.71', record('10.0.0.71'));
    const { moved, tenure } = await start(store);
    expect(await store.keys('nodes/')).toEqual(['nodes/10.0.0.60', 'nodes/10.0.0.61', 'nodes/10.0.0.99']);
    expect(moved.mock.calls).toEqual([[['10.0.0.70', '10.0.0.71']]]);
    expect(tenure.holds).toBe(true);
  });

  it('takes no key any more once it was released, whoever was about to', async () => {
    const store = new FakeStore();
    const registration = new NodeRegistration({ store, self: nodeOf(SELF), tenure: new Tenure() });
    const facts = { hasGwbridge: false, routes: [], gwbridgeNetworks: [], underlayMtu: 1500 };
    registration.open();
    await registration.release();
    await registration.publish(facts);
    registration.open();
    await registration.publish(facts);
    expect(await store.keys('nodes/')).toEqual([]);
  });

  it('writes nothing before it is settled who it is', async () => {
    const store = new FakeStore();
    const registration = new NodeRegistration({ store, self: nodeOf(SELF), tenure: new Tenure() });
    await registration.publish({ hasGwbridge: false, routes: [], gwbridgeNetworks: [], underlayMtu: 1500 });
    expect(store.commits).toEqual([]);
  });
});

it('a key that another host has is told in its words, and does not fail the pass', async () => {
  const store = new FakeStore();
  const taken = new UserError('it lives');
  const failing = {
    ...{ hold: async (_key: string, _value: string, onError: (e: Error) => void) => onError(taken) },
  } as unknown as FakeStore;
  Object.setPrototypeOf(failing, store);
  const tenure = new Tenure();
  const registration = new NodeRegistration({ store: failing, self: nodeOf(SELF), tenure });
  registration.open();
  await registration.publish({ hasGwbridge: false, routes: [], gwbridgeNetworks: [], underlayMtu: 1500 });
  expect(tenure.refusal).toBe(taken);
});

it('a store of an older release is a refusal until it was emptied', async () => {
  const store = new FakeStore().forge({
    ...{ cluster: '3f0c2b1e-8a52-4d0e-9d3c-6a6f0f5f7f10', [`nodes/${SELF}`]: '{"version":1}' },
  });
  const tenure = new Tenure();
  const versioned = new VersionedStore(store, 'tsoverlay/', 'remove them');
  const registration = new NodeRegistration({ store: versioned, self: nodeOf(SELF), tenure });
  registration.open();
  const facts = { hasGwbridge: false, routes: [], gwbridgeNetworks: [], underlayMtu: 1500 };
  await expect(registration.publish(facts)).rejects.toThrow('tsoverlay/ holds records of version 1');
  expect(tenure.refusal?.message).toContain('remove them');
  expect(store.commits).toEqual([]);
  store.table.commit([{ verb: 'deleteTree', prefix: '' }]);
  await registration.publish(facts);
  expect([tenure.holds, tenure.refusal]).toEqual([true, undefined]);
});
