import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { check, checkLines } from '../../../src/cli/ipam/check.js';
import { fillOf, sizeWords } from '../../../src/cli/ipam/fill.js';
import { confirmed, isWrong } from '../../../src/cli/ipam/holders.js';
import { lookAtAddresses } from '../../../src/cli/ipam/look.js';
import type { Cidr, EndpointId, Ip, NetworkId } from '../../../src/model/values/types.js';
import { formatEndpoint, formatLease, formatPool, parseEndpoint } from '../../../src/store/records/records.js';
import { FakeStore } from '../../fakes/store.js';
import { hexId, makeHost, POOL } from '../registry/host.js';

type Host = Awaited<ReturnType<typeof makeHost>>;
const MINUTE = 60_000;

let store: FakeStore;
let one: Host;
let two: Host;
let network: NetworkId;

beforeEach(async () => {
  store = new FakeStore();
  one = await makeHost(store, '10.0.0.60');
  two = await makeHost(store, '10.0.0.61');
  network = await one.createNetwork(1);
  await one.networks.announce(network, { name: 'shop', labels: {}, attachable: false }, new Map());
  await one.run(10, network);
  await two.run(20, network);
});
afterEach(() => {
  one.stop();
  two.stop();
});

const later = 10 * MINUTE;
const checked = async (inMs = later) => {
  const now = () => Date.now() + inMs;
  return check(await lookAtAddresses(store, now, 0), now(), one.self);
};
const lines = async (inMs?: number) => checkLines(await checked(inMs), false);
const lease = (address: string, host: Host, endpoint?: EndpointId) => ({
  [`addresses/172.16.1.0-24/${address}`]: formatLease({
    ...{ pool: POOL, address: address as Ip, node: host.self, kind: 'endpoint', created: Date.now() },
    ...(endpoint === undefined ? {} : { endpoint }),
  }),
});

describe('tsoverlay ipam check', () => {
  it('of a healthy cluster counts, lists who holds what on request, and finds nothing', async () => {
    const found = await checked();
    expect(found.isFine).toBe(true);
    expect(checkLines(found, false)).toEqual([
      expect.stringMatching(/^172\.16\.1\.0\/24 of shop: \d held of 254$/),
      'no address is leaked, none is known twice',
    ]);
    const all = checkLines(found, true);
    expect(all).toContainEqual(expect.stringMatching(/^ {2}172\.16\.1\.\d+ {2}held {2}\S+ on 10\.0\.0\.60$/));
    expect(all).toContainEqual(expect.stringMatching(/^ {2}172\.16\.1\.\d+ {2}held {2}\S+ on 10\.0\.0\.61$/));
  });

  it.each([
    ['no endpoint took up', undefined, 'no endpoint took it up'],
    ['whose endpoint is gone', hexId(99) as EndpointId, 'its endpoint is gone'],
  ])('finds an address that %s, once it is nobody’s work in progress', async (_, endpoint, why) => {
    store.put(lease('172.16.1.200', one, endpoint));
    expect((await checked(0)).isFine).toBe(true);
    expect(await lines()).toContain(`  warning: 172.16.1.200  leaked  a container on 10.0.0.60: ${why}`);
    expect(await lines()).toContain('    cure: tsoverlay ipam check --release');
    // A clock that was put back by hours.
    expect((await checked(-later)).leaked).toBe(1);
  });

  it('says nothing of an address whose endpoint is just being removed', async () => {
    store.put(lease('172.16.1.200', one, hexId(99) as EndpointId));
    let looks = 0;
    const removing = {
      get: (key: string) => store.get(key),
      keys: (prefix: string) => store.keys(prefix),
      list: async (prefix: string) => {
        const found = await store.list(prefix);
        const isGone = prefix === 'addresses/' && looks++ > 0;
        return isGone ? { ...found, entries: found.entries.filter(({ key }) => !key.endsWith('.200')) } : found;
      },
    };
    const now = () => Date.now() + later;
    expect(check(await lookAtAddresses(removing, now, 0), now(), one.self).isFine).toBe(true);
    expect(looks).toBe(2);
  });

  it('says nothing of what only the second look finds', async () => {
    store.put(lease('172.16.1.200', one, hexId(99) as EndpointId));
    const before = await lookAtAddresses(store, () => Date.now() + later, 0);
    const fresh = before.holdings.map((h) =>
      h.address === '172.16.1.200' ? { ...h, address: '172.16.1.201' as Ip } : h,
    );
    expect(confirmed(fresh, before.holdings).some(isWrong)).toBe(false);
    expect(confirmed(before.holdings, before.holdings).some(isWrong)).toBe(true);
  });

  it("of another host's says who frees it", async () => {
    store.put(lease('172.16.1.201', two));
    expect(await lines()).toContain(
      '    cure: it is freed when its host returns; if it never does: tsoverlay node forget 10.0.0.61',
    );
  });

  it('finds an address that two endpoints have, and one that nobody leased', async () => {
    const [entry] = (await store.list('endpoints/')).entries.filter(({ key }) => key.includes(one.self));
    const known = entry && parseEndpoint(entry);
    if (known === undefined) throw new Error('there is no endpoint');
    const forged = (id: number, address: string) => ({
      [`endpoints/${network}/${two.self}/${hexId(id)}`]: formatEndpoint({
        ...known,
        ...{ id: hexId(id) as EndpointId, node: two.self, names: [`c${id}`], addresses: [address as Cidr] },
      }),
    });
    store.put({ ...forged(77, known.addresses[0] ?? ''), ...forged(78, '172.16.1.99/24') });
    const found = await checked();
    const all = found.json.pools.flatMap(({ addresses }) => addresses);
    expect(all.filter(({ standing }) => standing === 'double')).toMatchObject([
      { host: '10.0.0.60', why: 'c77 has it too' },
      { host: '10.0.0.61', container: 'c77', why: 'its lease is of another endpoint' },
    ]);
    expect(all.filter(({ standing }) => standing === 'unleased')).toMatchObject([
      { address: '172.16.1.99', container: 'c78', cure: expect.stringContaining('docker network disconnect') },
    ]);
    expect(found.isFine).toBe(false);
  });

  it('finds a pool that was claimed for a network that never came, and leases of pools without one', async () => {
    const cidr = '172.16.9.0/24' as Cidr;
    store.put({ 'pools/172.16.9.0-24': formatPool({ cidr, node: two.self, created: Date.now() }) });
    expect(await lines()).toContain(
      'warning: 172.16.9.0/24 is claimed by host 10.0.0.61 for a network that never came',
    );
  });

  it('shows what rests, and how full pools are', async () => {
    store.put({ 'released/172.16.1.0-24/172.16.1.50': one.self });
    expect((await lines())[0]).toMatch(/held, 1 cooling of 254$/);
    const { networks } = (await lookAtAddresses(store)).records;
    const [leases, released] = await Promise.all([store.keys('addresses/'), store.keys('released/')]);
    expect(fillOf(networks, leases, released)).toMatchObject([{ pool: POOL, network, size: 254, cooling: 1 }]);
  });
});

it('a size is said as people read it', () => {
  expect([254, 2 ** 24 - 2, 2 ** 64 - 2, 2 ** 80].map(sizeWords)).toEqual(['254', '16777214', '2^64', '2^80']);
});
