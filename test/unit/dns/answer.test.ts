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
import type { Shuffle } from '../../../src/dns/answer.js';
import { decide } from '../../../src/dns/message.js';
import { TTL } from '../../../src/dns/reply.js';
import type { Zone } from '../../../src/dns/zone.js';
import { asIs, asked, data, endpoint, zone } from './fixtures.js';

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
    ['web1', 'ANY', ['172.16.1.1', 'fd00::1']],
  ])('%s %s has the addresses %j', (name, type, addresses) => {
    expect(ask(name, type)).toEqual(addresses);
  });

  it.each([
    ['web2', 'AAAA'],
    ['six', 'A'],
    ['web1', 'MX'],
    ['web1', 'TXT'],
    ['web1', 'SRV'],
    ['web1', 'UNKNOWN_65'],
  ])('%s that we know is ours without a record of type %s', (name, type) => {
    expect(ask(name, type)).toEqual([]);
  });

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

describe('an address', () => {
  const v6 = (last: string) => `${last}.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa`;
  it.each([
    ['1.1.16.172.in-addr.arpa', 'PTR', ['web1.backnet']],
    ['1.1.16.172.IN-ADDR.ARPA.', 'PTR', ['web1.backnet']],
    ['5.0.9.10.in-addr.arpa', 'PTR', ['web1.Front.Net']],
    [v6('1'), 'PTR', ['web1.backnet']],
    [v6('6').toUpperCase(), 'PTR', ['six.backnet']],
    ['1.1.16.172.in-addr.arpa', 'ANY', ['web1.backnet']],
    ['1.1.16.172.in-addr.arpa', 'A', []],
  ])('%s %s has the name %j', (name, type, names) => {
    expect(ask(name, type)).toEqual(names);
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
    expect(ask('1.1.1.10.in-addr.arpa', 'PTR', [none])).toBe('forward');
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
