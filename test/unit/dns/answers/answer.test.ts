import {
  AUTHORITATIVE_ANSWER,
  type DecodedPacket,
  decode,
  encode,
  type Packet,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
} from 'dns-packet';
import { describe, expect, it } from 'vitest';
import type { Shuffle } from '../../../../src/dns/answers/answer.js';
import { decide } from '../../../../src/dns/answers/message.js';
import { TTL } from '../../../../src/dns/answers/reply.js';
import { inOrder, type Zone } from '../../../../src/dns/answers/zone.js';
import { asIs, asked, data, endpoint, zone } from '../fixtures.js';

const web1 = endpoint(['web1', 'web', '0123456789ab'], ['172.16.1.1/24', 'fd00::1/64']);
const web2 = endpoint(['web2', 'web'], ['172.16.1.2/24']);
const shadow = endpoint(['web1', 'only-here'], ['10.9.0.5/16']);
const six = endpoint(['six'], ['fd00::6/64']);
const dotted = endpoint(['my.app'], ['172.16.1.9/24']);
const nameless = endpoint([], ['172.16.1.10/24']);

const zones: readonly Zone[] = [zone('backnet', [web1, web2, six, dotted, nameless]), zone('Front.Net', [shadow])];

/** Our answer as a client reads it; undefined when the question is the engine's. */
function answer(query: Packet, of: readonly Zone[] = zones, shuffle: Shuffle = asIs): DecodedPacket | undefined {
  const verdict = decide(encode(query), 'udp', of, shuffle);
  if (verdict.kind === 'drop') throw new Error('dropped');
  return verdict.kind === 'reply' ? decode(verdict.bytes) : undefined;
}

const ask = (name: string, type: string, of = zones): readonly unknown[] | 'forward' => {
  const reply = answer(asked(name, type), of);
  return reply ? data(reply) : 'forward';
};

describe('a name', () => {
  it.each([
    ['web1', 'A', ['172.16.1.1']],
    ['web1', 'AAAA', ['fd00::1']],
    ['WEB1.', 'A', ['172.16.1.1']],
    ['web1.backnet', 'A', ['172.16.1.1']],
    ['Web1.BackNet', 'A', ['172.16.1.1']],
    ['web1.front.net', 'A', ['10.9.0.5']],
    ['web', 'A', ['172.16.1.1', '172.16.1.2']],
    ['web', 'AAAA', ['fd00::1']],
    ['0123456789ab', 'A', ['172.16.1.1']],
    ['my.app', 'A', ['172.16.1.9']],
    ['my.app.backnet', 'A', ['172.16.1.9']],
    ['only-here', 'A', ['10.9.0.5']],
  ])('%s %s has the addresses %j', (name, type, addresses) => {
    expect(ask(name, type)).toEqual(addresses);
  });

  it.each([
    ['web2', 'AAAA'],
    ['six', 'A'],
    ['web1', 'MX'],
    ['my.app', 'MX'],
  ])('%s that we know is ours without a record of type %s', (name, type) => {
    expect(ask(name, type)).toEqual([]);
  });

  it.each(['SOA', 'NS', 'TXT', 'CAA', 'SRV', 'CNAME', 'DS', 'NAPTR', 'UNKNOWN_65', 'ANY', 'PTR'])(
    'that we know is the engine’s to ask for %s: others may have records of it',
    (type) => {
      for (const name of ['web1', 'my.app', 'web1.backnet']) expect(ask(name, type)).toBe('forward');
    },
  );

  it.each([
    ['nobody', 'A'],
    ['web1.elsewhere', 'A'],
    ['only-here.backnet', 'A'],
    ['backnet', 'A'],
    ['.backnet', 'A'],
    ['.', 'NS'],
    ['example.com', 'MX'],
  ])('%s %s that no zone has is the engine’s', (name, type) => {
    expect(ask(name, type)).toBe('forward');
  });

  it('is found without a network’s name while that is unknown', () => {
    const unannounced = [zone('', [web2])];
    expect(answer(asked('web2', 'A'), unannounced)?.answers).toHaveLength(1);
    expect(answer(asked('web2.', 'A'), unannounced)?.answers).toHaveLength(1);
    expect(answer(asked('web2.backnet', 'A'), unannounced)).toBeUndefined();
  });

  it('with several endpoints answers them in the order of the shuffle', () => {
    const reversed = <T>(items: readonly T[]): T[] => [...items].reverse();
    expect(data(answer(asked('web', 'A'), zones, reversed))).toEqual(['172.16.1.2', '172.16.1.1']);
  });
});

describe('a link', () => {
  const db1 = endpoint(['db1'], ['172.16.1.21/24', 'fd00::21/64']);
  const db = endpoint(['db'], ['172.16.1.22/24']);
  const other = endpoint(['db', 'late'], ['10.9.0.7/16']);
  const links = new Map([
    ['db', 'db1'],
    ['self', 'self'],
    ['late', 'not-there-yet'],
  ]);
  const linked = [{ ...zone('backnet', [db1, db, endpoint(['self'], ['172.16.1.23/24'])]), links }, zone('b', [other])];

  it.each([
    ['db', 'A', ['172.16.1.21']],
    ['DB.', 'A', ['172.16.1.21']],
    ['db', 'AAAA', ['fd00::21']],
    ['db.backnet', 'A', ['172.16.1.21']],
    ['db.b', 'A', ['10.9.0.7']],
    ['db1', 'A', ['172.16.1.21']],
    ['self', 'A', ['172.16.1.23']],
    ['late', 'A', ['10.9.0.7']],
  ])('goes before names: %s %s is %j', (name, type, addresses) => {
    expect(ask(name, type, linked)).toEqual(addresses);
  });

  it('to whom nobody is, hides who is called so there', () => {
    const hidden = [{ ...zone('backnet', [db]), links }];
    expect(ask('db', 'A', hidden)).toBe('forward');
    expect(ask('db.backnet', 'A', hidden)).toBe('forward');
  });

  it('of a network goes before names of all networks', () => {
    const order = [zone('b', [other]), { ...zone('backnet', [db1]), links }];
    expect(ask('db', 'A', order)).toEqual(['172.16.1.21']);
  });
});

describe('an address', () => {
  const v6 = (last: string) => `${last}.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa`;
  it.each([
    ['1.1.16.172.in-addr.arpa', 'PTR', ['web1.backnet']],
    ['1.1.16.172.IN-ADDR.ARPA.', 'PTR', ['web1.backnet']],
    ['5.0.9.10.in-addr.arpa', 'PTR', ['web1.Front.Net']],
    [v6('1'), 'PTR', ['web1.backnet']],
    [v6('6').toUpperCase(), 'PTR', ['six.backnet']],
  ])('%s %s has the name %j', (name, type, names) => {
    expect(ask(name, type)).toEqual(names);
  });

  it.each(['A', 'ANY', 'SOA', 'TXT'])('is asked for its name alone: %s is the engine’s', (type) => {
    expect(ask('1.1.16.172.in-addr.arpa', type)).toBe('forward');
  });

  it.each([
    '9.9.9.9.in-addr.arpa',
    '10.1.16.172.in-addr.arpa',
    '999.1.16.172.in-addr.arpa',
    'x.1.16.172.in-addr.arpa',
    '1.16.172.in-addr.arpa',
    'in-addr.arpa',
    'arpa',
    v6('9'),
    v6('g'),
    '0.ip6.arpa',
  ])('%s that nobody here has is the engine’s', (name) => {
    expect(ask(name, 'PTR')).toBe('forward');
  });

  it('of an unannounced network has the bare name', () => {
    expect(ask('2.1.16.172.in-addr.arpa', 'PTR', [zone('', [web2])])).toEqual(['web2']);
  });
});

describe('names that people give and DNS does not know', () => {
  const label = 'x'.repeat(64);
  const odd = endpoint(
    [label, `${'y'.repeat(60)}.`.repeat(5), 'a..b', 'bücher', 'ＷＥＢ', '\u0000', 'kurz'],
    ['10.1.1.1/24'],
  );
  const of = [zone('net', [odd])];

  it.each(['bücher', 'BÜCHER.net', 'ｗｅｂ', '\u0000', 'kurz.NET'])('%j is found as UTF-8', (name) => {
    expect(ask(name, 'A', of)).toEqual(['10.1.1.1']);
  });

  it('are left out where they do not fit: the address has the first name that does', () => {
    expect(ask('1.1.1.10.in-addr.arpa', 'PTR', of)).toEqual(['bücher.net']);
    const none = zone('net', [endpoint([label], ['10.1.1.1/24'])]);
    expect(ask('1.1.1.10.in-addr.arpa', 'PTR', [none]), 'the engine would try').toEqual([]);
    const nameless = zone('net', [endpoint([], ['10.1.1.1/24'])]);
    expect(ask('1.1.1.10.in-addr.arpa', 'PTR', [nameless])).toBe('forward');
  });

  it('of networks, too: then the address has its bare name', () => {
    const of = (network: string, ...names: string[]) => [zone(network, [endpoint(names, ['10.1.1.1/24'])])];
    expect(ask('1.1.1.10.in-addr.arpa', 'PTR', of(label, label, 'web'))).toEqual(['web']);
    expect(ask('1.1.1.10.in-addr.arpa', 'PTR', of('a..b', 'web'))).toEqual(['web']);
    const long = `${'y'.repeat(60)}.`.repeat(3);
    expect(ask('1.1.1.10.in-addr.arpa', 'PTR', of(`${long}n`, `${long}w`, 'web'))).toEqual([`web.${long}n`]);
  });

  it('of an endpoint, thousands, cost nobody else anything', () => {
    const greedy = endpoint(
      Array.from({ length: 50_000 }, (_, i) => `alias${i}`),
      ['10.1.1.1/24'],
    );
    const many = [zone('net', [greedy, endpoint(['web'], ['10.1.1.2/24'])])];
    expect(ask('alias7', 'A', many)).toEqual(['10.1.1.1']);
    expect(ask('alias49999', 'A', many)).toBe('forward');
    expect(ask('web', 'A', many)).toEqual(['10.1.1.2']);
  });
});

describe('the packet', () => {
  it('looks like the engine’s: recursion available, not authoritative, id, question and case kept, a short TTL', () => {
    const reply = answer({ ...asked('WeB1', 'A'), id: 4711, flags: RECURSION_DESIRED });
    expect(reply).toMatchObject({ type: 'response', id: 4711, questions: [{ name: 'WeB1', type: 'A' }] });
    expect((reply?.flags ?? 0) & 0x7fff).toBe(RECURSION_DESIRED | RECURSION_AVAILABLE);
    expect((reply?.flags ?? 0) & AUTHORITATIVE_ANSWER).toBe(0);
    expect(reply?.answers).toMatchObject([{ type: 'A', class: 'IN', name: 'WeB1', ttl: TTL, data: '172.16.1.1' }]);
  });

  it.each<[string, Partial<Packet>]>([
    ['no question', { questions: [] }],
    [
      'two questions',
      { questions: [...(asked('web1', 'A').questions ?? []), ...(asked('web2', 'A').questions ?? [])] },
    ],
    ['another opcode', { flags: 4 << 11 }],
    ['another class', { questions: [{ name: 'web1', type: 'TXT', class: 'CH' }] }],
  ])('with %s is the engine’s', (_what, change) => {
    expect(answer({ ...asked('web1', 'A'), ...change })).toBeUndefined();
  });
});

it('networks are asked in the engine’s order: by priority, internal ones last, ways out first, then by name', () => {
  const rank = (name: string, priority = 0, internal = false, gateways = 0) => ({ name, priority, internal, gateways });
  const named = [rank('b'), rank('z', 5), rank('a', 0, true), rank('Z'), rank('é'), rank('y', 5, true), rank('x', -1)];
  const ways = [rank('way', 0, false, 1), rank('two ways', 0, false, 2), rank('inner way', 0, true, 1)];
  const expected = ['z', 'y', 'two ways', 'way', 'Z', 'b', 'é', 'inner way', 'a', 'x'];
  expect([...named, ...ways].sort(inOrder).map(({ name }) => name)).toEqual(expected);
});
