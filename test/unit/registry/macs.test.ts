import { afterEach, beforeEach, expect, it } from 'vitest';
import { Edition, edited } from '../../../src/model/values/edition.js';
import type { Cidr, Endpoint, EndpointId, Ip, Mac, NetworkId } from '../../../src/model/values/types.js';
import { Macs } from '../../../src/registry/endpoints/macs.js';
import type { ClusterView } from '../../../src/store/view/cluster-view.js';
import { FakeStore } from '../../fakes/store.js';
import { endpointOf } from '../store/samples.js';
import { hexId } from './host.js';

const network = hexId(1) as NetworkId;
const idOf = (n: number) => hexId(n) as EndpointId;
const record = (n: number, ip: string, mac: string): Endpoint => ({
  ...endpointOf(network, '1'),
  ...{ id: idOf(n), addresses: [`${ip}/16` as Cidr], mac: mac as Mac, index: 1 },
});
const USUAL = '02:42:ac:10:00:07';
const OWN = '02:42:00:00:00:00';

let endpoints: ReadonlyMap<EndpointId, Endpoint>;
let looked: number;
const view = {
  current: {
    get endpoints() {
      return new Map([[network, endpoints]]);
    },
  },
} as unknown as ClusterView;
const choose = (macs: Macs) => macs.choose(network, '172.16.0.7' as Ip, idOf(9));

beforeEach(() => {
  looked = 0;
  const all = Array.from({ length: 500 }, (_, i) =>
    record(1000 + i, `172.16.9.${i % 250}`, `02:42:ac:10:09:0${i % 9}`),
  );
  endpoints = Edition.of(new Map(all.map((e) => [e.id, e])));
});
afterEach(() => {
  expect(looked).toBeLessThan(20);
});

it('a MAC is that of the address unless another address has it, which costs what has changed', () => {
  const macs = new Macs(new FakeStore(), view);
  expect(choose(macs)).toBe(USUAL);
  const counted = (next: ReadonlyMap<EndpointId, Endpoint>) => {
    const get = next.get.bind(next);
    const look = (id: EndpointId) => {
      looked++;
      return get(id);
    };
    Object.assign(next, { get: look });
    return next;
  };
  // The address's own former bearer.
  endpoints = counted(edited(endpoints, new Map([[idOf(2), record(2, '172.16.0.7', USUAL)]])));
  expect(choose(macs)).toBe(USUAL);
  endpoints = counted(edited(endpoints, new Map([[idOf(3), record(3, '172.16.0.8', USUAL)]])));
  expect(choose(macs)).toBe(OWN);
  endpoints = counted(edited(endpoints, new Map([[idOf(2), undefined]])));
  expect(choose(macs)).toBe(OWN);
  endpoints = counted(edited(endpoints, new Map([[idOf(3), record(3, '172.16.0.8', OWN)]])));
  expect(choose(macs)).toBe(USUAL);
  endpoints = new Map();
  expect(choose(macs)).toBe(USUAL);
});
