/** What a MAC that the user gives costs in a network of thousands: `docker run --mac-address`. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keys } from '../../../src/model/values/names.js';
import type { Cidr, Endpoint, EndpointId, Mac, NetworkId, NodeId } from '../../../src/model/values/types.js';
import { Macs } from '../../../src/registry/endpoints/macs.js';
import { formatEndpoint } from '../../../src/store/records/records.js';
import { FakeStore } from '../../fakes/store.js';
import { endpointOf } from '../store/samples.js';
import { hexId, makeHost, POOL } from './host.js';

const MAC = '02:aa:00:00:00:07' as Mac;
const mine = hexId(0xfff) as EndpointId;

let store: FakeStore;
let one: Awaited<ReturnType<typeof makeHost>>;
let macs: Macs;
let network: NetworkId;

const ownerOf = (i: number) => `0123456789abc${i.toString(16).padStart(3, '0')}` as NodeId;
const record = (n: number, mac: string): Omit<Endpoint, 'index'> => ({
  ...endpointOf(network, '1'),
  ...{
    id: hexId(n) as EndpointId,
    node: ownerOf(n % 20),
    addresses: ['172.16.1.9/24' as Cidr],
    mac: mac as Mac,
    names: ['db'],
  },
});
const put = (...endpoints: readonly ReturnType<typeof record>[]) =>
  store.put(Object.fromEntries(endpoints.map((e) => [keys.endpoint(network, e.node, e.id), formatEndpoint(e)])));

/** Until the host sees so many endpoints, which takes a busy machine its time. */
const known = (endpoints: number) =>
  vi.waitFor(() => expect(one.view.current.endpoints.get(network)?.size).toBe(endpoints), { timeout: 15_000 });

beforeEach(async () => {
  store = new FakeStore();
  one = await makeHost(store, '10.0.0.60');
  network = await one.createNetwork(1);
  const hex = (byte: number) => byte.toString(16).padStart(2, '0');
  put(...Array.from({ length: 400 }, (_, i) => record(i + 1, `02:42:ac:10:${hex(i >> 8)}:${hex(i & 255)}`)));
  macs = new Macs(store, one.view);
});
afterEach(() => {
  vi.restoreAllMocks();
  one.stop();
});

/** What is read of endpoints, and how many of their records are made something of. */
function costs() {
  const list = store.list.bind(store);
  const asked = { lists: [] as number[], parsed: 0 };
  vi.spyOn(store, 'list').mockImplementation(async (prefix) => {
    const found = await list(prefix);
    if (prefix.startsWith('endpoints/')) asked.lists.push(found.entries.length);
    return found;
  });
  const parse = JSON.parse.bind(JSON);
  vi.spyOn(JSON, 'parse').mockImplementation((text, reviver) => {
    if (text.includes('"mac"')) asked.parsed++;
    return parse(text, reviver);
  });
  return asked;
}

it('whoever is new to the network asks the store, owner by owner, and parses what has that MAC', async () => {
  put(record(500, MAC));
  const asked = costs();
  await expect(macs.check(network, MAC, mine)).rejects.toThrow(
    'MAC address 02:aa:00:00:00:07 is already that of container db',
  );
  expect([Math.max(...asked.lists) <= 40, asked.parsed]).toEqual([true, 1]);
  await expect(macs.check(network, '02:aa:00:00:00:08' as Mac, mine)).resolves.toBeUndefined();
  expect(asked.parsed).toBe(1);
});

it('a host of the network knows who has it, and asks the store for those alone', async () => {
  put(record(500, MAC));
  await one.run(0x900, network, '', POOL);
  await known(402);
  const asked = costs();
  await macs.check(network, '02:aa:00:00:00:08' as Mac, mine);
  await expect(macs.check(network, MAC, mine)).rejects.toThrow('is already that of container db');
  expect(asked).toEqual({ lists: [], parsed: 1 });
});

it('one that went a moment ago keeps nobody from its MAC', async () => {
  put(record(500, MAC));
  await one.run(0x900, network, '', POOL);
  await known(402);
  const { current } = one.view;
  vi.spyOn(one.view, 'current', 'get').mockReturnValue(current);
  store.remove(keys.endpoint(network, record(500, MAC).node, record(500, MAC).id));
  await macs.check(network, MAC, mine);
  put(record(500, '02:aa:00:00:00:09'));
  await macs.check(network, MAC, mine);
});

it('once its record stands the store alone counts, whatever this host sees', async () => {
  await one.run(0x900, network, '', POOL);
  await known(401);
  const { current } = one.view;
  vi.spyOn(one.view, 'current', 'get').mockReturnValue(current);
  put(record(500, MAC));
  await macs.check(network, MAC, mine);
  await one.view.look(network, record(500, MAC).node, 1_000);
  const asked = costs();
  await expect(macs.confirm(network, MAC, mine)).rejects.toThrow('is already that of container db');
  expect([Math.max(...asked.lists) <= 40, asked.parsed]).toEqual([true, 1]);
});
