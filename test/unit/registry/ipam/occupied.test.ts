/** Which addresses are taken by what a host sees: a look for a free one does not grow with those that are not. */
import { expect, it } from 'vitest';
import { addressValue } from '../../../../src/model/values/address.js';
import { Edition, edited } from '../../../../src/model/values/edition.js';
import type { Cidr, Cluster, Endpoint, EndpointId, Ip, Network } from '../../../../src/model/values/types.js';
import { FreeAddresses } from '../../../../src/registry/ipam/free-addresses.js';
import { Occupied } from '../../../../src/registry/ipam/occupied.js';
import { networkId, networkOf } from '../../store/samples.js';

const POOL = '172.16.0.0/16' as Cidr;
const MANY = 5_000;
const GATEWAY = 7;
const ipOf = (n: number): Ip => `172.16.${n >> 8}.${n & 255}` as Ip;
const id = (n: number): EndpointId => n.toString(16).padStart(64, '0') as EndpointId;
const endpoint = (n: number): Endpoint => ({ id: id(n), addresses: [`${ipOf(n)}/16`] }) as unknown as Endpoint;
const subnet = (gateway: number) => ({ pool: POOL, gateway: `${ipOf(gateway)}/16` as Cidr, aux: {}, vni: 256 });

function setting() {
  let network: Network = { ...networkOf(networkId('a')), subnets: [subnet(GATEWAY)], index: 1 };
  let all = Edition.of(new Map<EndpointId, Endpoint>());
  const view = {
    get current() {
      return {
        endpoints: new Map([[network.id, all]]),
        networks: new Map([[network.id, network]]),
      } as unknown as Cluster;
    },
  };
  const occupied = new Occupied(view);
  let looks = 0;
  const free = new FreeAddresses({
    store: { keys: async () => [] },
    view,
    cooldown: { of: async () => [] },
    occupied: {
      isMarked: (...of) => occupied.isMarked(...of),
      mark: () => {},
      past: (...of) => occupied.past(...of),
      seenIn: (...of) => occupied.seenIn(...of),
      of: (pool) => {
        const isTaken = occupied.of(pool);
        return (
          isTaken &&
          ((value) => {
            looks++;
            return isTaken(value);
          })
        );
      },
    },
  });
  return {
    change: (...numbers: readonly number[]) => {
      const changes = numbers.map((n): [EndpointId, Endpoint | undefined] => [
        id(n),
        all.has(id(n)) ? undefined : endpoint(n),
      ]);
      all = edited(all, new Map(changes));
    },
    reserve: (gateway: number) => {
      network = { ...network, subnets: [subnet(gateway)] };
    },
    pick: async (skip = 0) => (await free.pick({ cidr: POOL, network }, skip))?.ip,
    isFree: (n: number, gateway: number) => n !== gateway && !all.has(id(n)),
    looks: () => looks,
    past: (from: number) => occupied.past({ cidr: POOL, network }, addressValue(ipOf(from))),
  };
}

it('offers the lowest free address whatever comes and goes, and looks at few', async () => {
  const s = setting();
  s.change(...Array.from({ length: MANY }, (_, n) => n + 1).filter((n) => n !== GATEWAY));
  expect(await s.pick()).toBe(ipOf(MANY + 1));
  const before = s.looks();
  expect(await s.pick(2)).toBe(ipOf(MANY + 3));
  expect(s.looks() - before).toBe(3);
  s.change(4_000);
  s.change(3_000);
  expect([await s.pick(), await s.pick(1), await s.pick(2)]).toEqual([3_000, 4_000, MANY + 1].map(ipOf));
  s.change(3_000);
  expect(await s.pick()).toBe(ipOf(4_000));
});

it('goes by the network as it is now', async () => {
  const s = setting();
  s.change(...[1, 2, 3, 4, 5, 6, 8, 9]);
  expect(await s.pick()).toBe(ipOf(10));
  s.reserve(10);
  expect(await s.pick()).toBe(ipOf(GATEWAY));
});

it('finds what a look from the beginning finds, through many changes', () => {
  const s = setting();
  let seed = 1;
  const dice = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let round = 0; round < 2_000; round++) {
    s.change(1 + dice(60));
    const from = 1 + dice(5) * 10;
    let wanted = from;
    while (!s.isFree(wanted, GATEWAY)) wanted++;
    expect(s.past(from)).toBe(addressValue(ipOf(wanted)));
  }
});
