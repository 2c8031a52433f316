import { describe, expect, it } from 'vitest';
import { ALL, found } from '../../../page/data/choice.js';
import { pictureOf, SIZE } from '../../../page/data/picture.js';
import { merged, type News, NOTHING, nameOf } from '../../../page/data/state.js';
import { illnessesIn, toldIn } from '../../../page/data/told.js';
import { encryptionOf, measuredOf, seatsOf, wayOf } from '../../../page/data/way.js';
import type { Edge, Member } from '../../../src/admin/contract/overview.js';

const host = (id: string, name: string) => ({
  id,
  name,
  address: `10.0.0.${id}`,
  alive: true,
  mtu: 1500,
  encrypts: true,
});
const network = (id: string, name: string) => ({
  ...{ id, name, internal: false, encrypted: false, leaving: false },
  subnets: [{ pool: '172.16.1.0/24', gateway: null, vni: 256 }],
});
const member = (id: string, name: string, on: string): Member => ({
  ...{ id, container: `c${id}`, names: [name], mac: '02:42:ac:10:01:01', host: on },
  addresses: [`172.16.1.${id}/24`],
});
const whole: News = {
  ...{ at: '2026-11-27T04:00:00Z', self: '1', confirmed: true, findings: [], edges: [] },
  hosts: [host('2', 'docker10'), host('1', 'docker2')],
  networks: [network('b', 'overlay2'), network('a', 'overlay1')],
  members: { a: [member('1', 'web10', '1'), member('2', 'web2', '2')], b: [member('3', 'DB', '2')] },
};
const state = merged(NOTHING, whole);

describe('what is shown', () => {
  it('stands in the order of names, digits as numbers', () => {
    expect(state.hosts.map(({ name }) => name)).toEqual(['docker2', 'docker10']);
    expect(state.places.map((place) => nameOf(place.member))).toEqual(['DB', 'web2', 'web10']);
  });

  it('is changed by news alone', () => {
    const later = merged(state, { members: { a: [member('9', 'new', '1')] } });
    expect(later.places.map((place) => nameOf(place.member))).toEqual(['DB', 'new']);
    expect(later.hosts).toBe(state.hosts);
    expect(merged(state, { findings: [], members: {} }).places).toBe(state.places);
  });

  it('leaves out the members of a network that is gone', () => {
    expect(merged(state, { networks: [network('b', 'overlay2')] }).places.map((p) => p.network.name)).toEqual([
      'overlay2',
    ]);
  });

  it('names who has no name', () => {
    expect(nameOf({ ...member('1', '', '1'), names: [] })).toBe('c1');
    expect(nameOf({ ...member('1', '', '1'), names: [], container: '' })).toBe('endpoint 1');
  });
});

describe('search', () => {
  const names = (words: string) => found(state, { ...ALL, words }).places.map((p) => nameOf(p.member));

  it.each([
    ['', ['DB', 'web2', 'web10']],
    ['db', ['DB']],
    ['172.16.1.2', ['web2']],
    ['docker10', ['DB', 'web2']],
    ['overlay1 docker2', ['web10']],
    ['c3', ['DB']],
    ['nowhere', []],
    ['.*', []],
  ])('"%s"', (words, expected) => expect(names(words)).toEqual(expected));

  it('finds hosts and networks with what is on them', () => {
    const { hosts, networks } = found(state, { ...ALL, words: 'db' });
    expect([hosts.map(({ name }) => name), networks.map(({ name }) => name)]).toEqual([['docker10'], ['overlay2']]);
    expect(found(state, { ...ALL, words: '10.0.0.1' }).hosts.map(({ name }) => name)).toEqual(['docker2']);
  });

  it('is narrowed by what was chosen', () => {
    expect(found(state, { ...ALL, host: '2', network: 'a' }).places.map((p) => nameOf(p.member))).toEqual(['web2']);
  });
});

describe('a way', () => {
  const edge = (change: Partial<Edge>): Edge => ({
    ...{ from: '1', to: '2', at: '2026-11-27T04:00:00Z', reached: true, rtt: 0.31, loss: 0, mtu: 1500, planned: 1500 },
    troubles: [],
    ...change,
  });
  const troubles = (...codes: string[]) => codes.map((code) => ({ code, what: `${code} is so`, cure: 'mend it' }));

  it.each([
    [{}, 'fine', '0.3 ms, no loss, MTU 1500'],
    [{ reached: false, rtt: null }, 'cut', 'nothing arrives'],
    [{ loss: 0.05 }, 'fine', '0.3 ms, 5 % lost, MTU 1500'],
    [{ loss: 0.25, troubles: troubles('probe.mtu', 'probe.loss') }, 'lossy', '0.3 ms, 25 % lost, MTU 1500'],
    [{ mtu: 1400, troubles: troubles('probe.mtu') }, 'narrow', '0.3 ms, no loss, MTU 1400 of 1500'],
    [{ troubles: troubles('probe.offload') }, 'narrow', '0.3 ms, no loss, MTU 1500'],
    [{ rtt: 80.4, mtu: null, planned: null }, 'slow', '80 ms, no loss'],
    [{ rtt: null, loss: null, mtu: null }, 'fine', ''],
  ] as const)('%j is %s: %s', (change, way, words) => {
    expect([wayOf(edge(change)), measuredOf(edge(change))]).toEqual([way, words]);
  });

  describe('is encrypted as the networks ask for it that have containers on both hosts', () => {
    const between = (encrypted: readonly boolean[], { encrypts = true, apart = false } = {}) => {
      const networks = encrypted.map((is, i) => ({ ...network(String(i), 'net'), encrypted: is }));
      const on = ({ id }: { readonly id: string }) => [
        member(`a${id}`, 'a', '1'),
        member(`b${id}`, 'b', apart ? '1' : '2'),
      ];
      return {
        ...state,
        hosts: [host('1', 'one'), { ...host('2', 'two'), encrypts }],
        networks: [...networks, { ...network('elsewhere', 'x'), encrypted: true }],
        members: {
          ...Object.fromEntries(networks.map((one) => [one.id, on(one)])),
          elsewhere: [member('c', 'c', '1')],
        },
        edges: [edge({})],
      };
    };
    it.each([
      [between([]), 'no network has containers on both', false],
      [between([true], { apart: true }), 'no network has containers on both', false],
      [between([false], { encrypts: false }), 'not encrypted', false],
      [between([true, true]), 'encrypted', true],
      [between([true, false, false]), 'encrypted for 1 of 3 networks', false],
      [between([true], { encrypts: false }), 'nothing of encrypted networks, for two cannot encrypt', false],
    ])('%#: %s', (known, words, isSecret) => {
      expect(encryptionOf(known, seatsOf(known), edge({}))).toBe(words);
      expect(pictureOf(known).secret !== '').toBe(isSecret);
    });
  });

  it('is drawn once for both directions, as the worse of them', () => {
    const edges = [edge({}), edge({ from: '2', to: '1', reached: false })];
    const { ways, unknown } = pictureOf({ ...state, edges });
    expect([...ways.keys()]).toEqual(['cut']);
    expect(unknown).toBe('');
    expect(pictureOf(state).unknown).toMatch(/^M[\d.]+ [\d.]+Q/);
  });

  it('of a hundred hosts is no thicket of unknown ones', () => {
    const hosts = Array.from({ length: 100 }, (_, i) => host(String(i), `h${i}`));
    const members = { a: hosts.map(({ id }) => member(id, `c${id}`, id)) };
    const picture = pictureOf({ ...state, hosts, members });
    expect([picture.hosts.length, picture.unknown, picture.isUnknownHidden]).toEqual([100, '', true]);
    for (const { x, y } of picture.hosts) expect(x > 0 && x < SIZE.width && y > 0 && y < SIZE.height).toBe(true);
  });

  it.each([
    [35, false],
    [40, true],
  ])('of %i hosts of which one has probed the others: all unknown ones are drawn, or none', (count, isHidden) => {
    const hosts = Array.from({ length: count }, (_, i) => host(String(i), `h${i}`));
    const members = { a: hosts.map(({ id }) => member(id, `c${id}`, id)) };
    const edges = hosts.slice(1).map(({ id }) => edge({ from: '0', to: id }));
    const { unknown, isUnknownHidden } = pictureOf({ ...state, hosts, members, edges });
    expect(isUnknownHidden).toBe(isHidden);
    expect(unknown.split('M').length - 1).toBe(isHidden ? 0 : ((count - 1) * (count - 2)) / 2);
  });
});

describe('what other hosts say of themselves', () => {
  const finding = (what: string) => ({ code: 'kernel.limits', what, cure: 'raise it' });
  const said = merged(state, {
    words: [
      { host: '1', at: '2026-11-27T04:00:09Z', findings: [finding('few files'), finding('only here')] },
      { host: '2', at: '2026-11-27T04:00:01Z', findings: [finding('few files')] },
      { host: 'gone', at: '2026-11-27T04:00:00Z', findings: [finding('few files')] },
    ],
  });

  it('is shown once where it is the same, what most say first', () => {
    expect(toldIn(said)).toMatchObject([
      { what: 'few files', where: 'on docker2, docker10', at: '2026-11-27T04:00:01Z' },
      { what: 'only here', where: 'on docker2' },
    ]);
  });

  it('comes behind what probes found on the way to them', () => {
    const way = { from: '1', at: '2026-11-27T04:00:00Z', reached: true, rtt: 1, loss: 0, mtu: 1400, planned: 1450 };
    const edges = [{ ...way, to: '2', troubles: [finding('narrow')] }];
    expect(toldIn({ ...said, edges }).map(({ where, what }) => `${where}: ${what}`)).toEqual([
      'on the way to docker10: narrow',
      'on docker2, docker10: few files',
      'on docker2: only here',
    ]);
  });

  it('makes them ill, and the one that tells is by its own rows', () => {
    const row = {
      code: 'c',
      subject: '',
      state: 'failing',
      severity: 'low',
      since: '',
      attempts: 1,
      text: '',
      cure: '',
    } as const;
    expect([...illnessesIn({ ...said, self: '9', findings: [row] })]).toEqual([
      ['9', 1],
      ['1', 2],
      ['2', 1],
      ['gone', 1],
    ]);
  });
});
