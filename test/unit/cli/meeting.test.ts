import { describe, expect, it } from 'vitest';
import { ownPlaces } from '../../../src/cli/reading/containers.js';
import { chosenOf, meetingsOf } from '../../../src/cli/trace/meeting.js';
import { nameLink } from '../../../src/cli/trace/way.js';
import type { Cidr, Endpoint, EndpointId, Network, NetworkId, NodeId } from '../../../src/model/values/types.js';

const network = (id: string, name: string) =>
  ({ id: id as NetworkId, announced: { name }, subnets: [] }) as unknown as Network;
/** By their ids the first is "back", the engine asks "front" first. */
const [BACK, FRONT] = [network('a1', 'back'), network('b2', 'front')];
const endpoint = (id: string, of: Network, names: readonly string[], ...addresses: string[]) =>
  ({
    id: id as EndpointId,
    network: of.id,
    names,
    addresses: addresses as Cidr[],
    container: 'cafe0123',
  }) as unknown as Endpoint;

const places = [
  { endpoint: endpoint('e1', BACK, ['web'], '172.16.1.1/24'), network: BACK },
  { endpoint: endpoint('e2', FRONT, ['web'], '172.16.2.1/24'), network: FRONT },
];
const db = [
  endpoint('f1', BACK, ['db'], '172.16.1.9/24'),
  endpoint('f2', FRONT, ['db', 'store'], '172.16.2.9/24', 'fd00::9/64'),
];
const all = [...places.map((p) => p.endpoint), ...db];
const choose = (to: string, answers: readonly string[] = [], among: readonly Endpoint[] = all) => {
  const { place, target, ip, isByName } = chosenOf(meetingsOf(among, places, to), to, answers);
  return [place.network.announced?.name, target.id, ip, isByName];
};

describe('of two networks that both have, a packet goes by', () => {
  it('the one of which the container is told', () => {
    expect(choose('db', ['172.16.2.9'])).toEqual(['front', 'f2', '172.16.2.9', true]);
    expect(choose('db', ['172.16.1.9'])).toEqual(['back', 'f1', '172.16.1.9', true]);
    expect(choose('db', ['fd00::9']), 'in either family').toEqual(['front', 'f2', 'fd00::9', true]);
    expect(choose('db.front', ['172.16.2.9'])).toEqual(['front', 'f2', '172.16.2.9', true]);
  });

  it('the first where nobody answers, or what is answered is nobody of that name', () => {
    expect(choose('db')).toEqual(['back', 'f1', '172.16.1.9', true]);
    expect(choose('db', ['172.16.2.1'])).toEqual(['back', 'f1', '172.16.1.9', true]);
  });
});

it('of several of one name it goes to one of whom the container is told, and to another one than itself', () => {
  const twins = [endpoint('d1', BACK, ['db'], '172.16.1.7/24'), ...all];
  expect(choose('db', ['172.16.1.9'], twins)).toEqual(['back', 'f1', '172.16.1.9', true]);
  expect(choose('web', ['172.16.1.1', '172.16.1.8'], [...all, endpoint('g1', BACK, ['web'], '172.16.1.8/24')])).toEqual(
    ['back', 'g1', '172.16.1.8', true],
  );
});

it('an address and an id are no names', () => {
  expect(choose('172.16.2.9')).toEqual(['front', 'f2', '172.16.2.9', false]);
  expect(choose('cafe')).toEqual(['back', 'f1', '172.16.1.9', false]);
});

it('an address is one however it is spelt', () => {
  expect(choose('FD00:0::9')).toEqual(['front', 'f2', 'fd00::9', false]);
});

it('a name goes before the begin of an id, and may have that of a network with dots behind it', () => {
  const dotted = network('c3', 'shop.prod');
  const cafe = endpoint('h1', dotted, ['cafe'], '172.16.3.9/24');
  const own = { endpoint: endpoint('e3', dotted, ['web'], '172.16.3.1/24'), network: dotted };
  for (const to of ['cafe', 'CAFE.Shop.Prod'])
    expect(meetingsOf([...all, cafe], [...places, own], to)).toMatchObject([{ target: { id: 'h1' }, isByName: true }]);
});

describe('the container that asks', () => {
  const self = 'n1' as NodeId;
  const on = (node: NodeId, id: string, names: readonly string[], container: string) =>
    ({ ...endpoint(id, BACK, names, '172.16.1.2/24'), node, container }) as Endpoint;
  const known = (...endpoints: Endpoint[]) => ({ nodes: [], networks: [BACK, FRONT], endpoints });
  const of = (what: string, ...endpoints: Endpoint[]) =>
    ownPlaces(known(...endpoints), self, what).map((place) => place.endpoint.id);

  it("is known by its own name before others' aliases, and those before ids", () => {
    const [named, aliased, other] = [
      on(self, 'k1', ['cafe'], 'a000'),
      on(self, 'k2', ['web-1', 'cafe'], 'b000'),
      on(self, 'k3', ['x'], 'cafe0'),
    ];
    expect(of('cafe', other, aliased, named)).toEqual(['k1']);
    expect(of('cafe', other, aliased)).toEqual(['k2']);
    expect(of('cafe', other)).toEqual(['k3']);
    expect(of('web-1.back', aliased)).toEqual(['k2']);
  });

  it('is one: of several, and of those elsewhere, is said what they are', () => {
    const twins = [on(self, 'k1', ['a', 'web'], 'a000'), on(self, 'k2', ['b', 'web'], 'b000')];
    expect(() => of('web', ...twins)).toThrow('several containers of this host are called "web"');
    expect(() => of('web', on('n2' as NodeId, 'k1', ['web'], 'a000'))).toThrow('container "web" is on host n2');
    expect(of('web', on(self, 'k2', ['web'], 'b000'), on('n2' as NodeId, 'k1', ['web'], 'a000'))).toEqual(['k2']);
  });
});

it('nobody says on which networks', () => {
  expect(() => choose('nobody')).toThrow('nobody is called "nobody" on back, front, the networks of that container');
});

describe('the link of the name', () => {
  const scene = (over: object) =>
    ({
      ...{ name: 'db', to: db[0], from: places[0]?.endpoint, ip: '172.16.1.9', sandbox: '/run/x' },
      ...{ reading: { from: 'store', value: { nodes: [] } }, heard: { answers: ['172.16.1.9'], outcome: 'NOERROR' } },
      ...over,
    }) as unknown as Parameters<typeof nameLink>[0];

  it('is what the resolver says', () => {
    expect(nameLink(scene({}))).toMatchObject([{ link: 'name', ok: true, kernel: '127.0.0.11 says 172.16.1.9' }]);
    const heard = { answers: [], outcome: 'NXDOMAIN' };
    expect(nameLink(scene({ heard }))).toMatchObject([{ ok: false, kernel: '127.0.0.11 says NXDOMAIN' }]);
    expect(nameLink(scene({ heard: undefined }))).toMatchObject([{ ok: true, kernel: 'its resolver cannot be asked' }]);
  });

  it('is not there where none was typed', () => {
    expect(nameLink(scene({ name: undefined }))).toEqual([]);
  });
});
