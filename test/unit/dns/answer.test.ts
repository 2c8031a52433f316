import { type Answer, AUTHORITATIVE_ANSWER, type Packet, RECURSION_AVAILABLE, RECURSION_DESIRED } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { answer, TTL, udpLimit, type Zone } from '../../../src/dns/answer.js';
import { asIs, asked, data, endpoint } from './fixtures.js';

const web1 = endpoint(['web1', 'web', '0123456789ab'], ['172.16.1.1/24', 'fd00::1/64']);
const web2 = endpoint(['web2', 'web'], ['172.16.1.2/24']);
const shadow = endpoint(['web1', 'only-here'], ['10.9.0.5/16']);
const six = endpoint(['six'], ['fd00::6/64']);
const dotted = endpoint(['my.app'], ['172.16.1.9/24']);
const nameless = endpoint([], ['172.16.1.10/24']);

const zones: readonly Zone[] = [
  { network: 'backnet', endpoints: [web1, web2, six, dotted, nameless] },
  { network: 'Front.Net', endpoints: [shadow] },
];

const ask = (name: string, type: string): readonly unknown[] | 'forward' => {
  const reply = answer(asked(name, type), zones, asIs);
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
    const unannounced = [{ network: '', endpoints: [web2] }];
    expect(answer(asked('web2', 'A'), unannounced, asIs)?.answers).toHaveLength(1);
    expect(answer(asked('web2.', 'A'), unannounced, asIs)?.answers).toHaveLength(1);
    expect(answer(asked('web2.backnet', 'A'), unannounced, asIs)).toBeUndefined();
  });

  it('is found by either form in endpoints that can be walked only once', () => {
    const once = () => [{ network: 'backnet', endpoints: [web1, web2].values() }];
    expect(answer(asked('web2.backnet', 'A'), once(), asIs)?.answers).toHaveLength(1);
    expect(answer(asked('2.1.16.172.in-addr.arpa', 'PTR'), once(), asIs)?.answers).toHaveLength(1);
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
    const reply = answer(asked('2.1.16.172.in-addr.arpa', 'PTR'), [{ network: '', endpoints: [web2] }], asIs);
    expect(data(reply)).toEqual(['web2']);
  });
});

describe('the packet', () => {
  it('looks like the engine’s: recursion available, not authoritative, id, question and case kept, a short TTL', () => {
    const reply = answer({ ...asked('WeB1', 'A'), id: 4711, flags: RECURSION_DESIRED }, zones, asIs);
    expect(reply).toMatchObject({ type: 'response', id: 4711, questions: [{ name: 'WeB1', type: 'A' }] });
    expect(reply?.flags).toBe(RECURSION_DESIRED | RECURSION_AVAILABLE);
    expect((reply?.flags ?? 0) & AUTHORITATIVE_ANSWER).toBe(0);
    expect(reply?.answers).toEqual([{ type: 'A', class: 'IN', name: 'WeB1', ttl: TTL, data: '172.16.1.1' }]);
  });

  it.each<[string, Partial<Packet>]>([
    ['no question', { questions: [] }],
    [
      'two questions',
      { questions: [...(asked('web1', 'A').questions ?? []), ...(asked('web2', 'A').questions ?? [])] },
    ],
    ['another opcode', { flags: 4 << 11 }],
    ['another class', { questions: [{ name: 'web1', type: 'TXT', class: 'CH' }] }],
    ['an answer', { type: 'response' }],
  ])('with %s is the engine’s', (_what, change) => {
    expect(answer({ ...asked('web1', 'A'), ...change }, zones, asIs)).toBeUndefined();
  });

  it.each([
    [undefined, 512],
    [100, 512],
    [1232, 1232],
    [65535, 4096],
  ])('of a client that offers %s bytes may have %s', (offered, limit) => {
    const opt = { type: 'OPT', name: '.', udpPayloadSize: offered, flags: 0, options: [] } as unknown as Answer;
    expect(udpLimit({ ...asked('web1', 'A'), additionals: offered ? [opt] : [] })).toBe(limit);
  });
});
