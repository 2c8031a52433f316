import { describe, expect, it } from 'vitest';
import type { Op } from '../../../../src/model/ports/ports.js';
import { bucketOf, keys } from '../../../../src/model/values/names.js';
import type { EndpointId, NetworkId } from '../../../../src/model/values/types.js';
import {
  type Change,
  changedSince,
  following,
  formatHead,
  headsAmong,
  MOST_WATCHES,
  newRevision,
  parseHead,
  readsFor,
  watchesFor,
} from '../../../../src/store/records/heads.js';
import { hexId, networkId } from '../samples.js';

const [ONE, TWO] = ['1'.repeat(16), '2'.repeat(16)] as const;
const revision = (n: number): string => `rev${String(n).padStart(5, '0')}`;
const endpoint = (digit: string) => hexId(digit) as EndpointId;
const change = (revision: string, digit: string): Change => ({ revision, endpoint: endpoint(digit) });

describe('a head', () => {
  it('says what it was made of', () => {
    const changes = [change('rev00001', '1'), change('rev00002', '2')];
    expect(parseHead(formatHead(changes))).toEqual({ changes, carried: new Map() });
    expect(JSON.parse(formatHead(changes))).toMatchObject({ version: 3 });
    expect(parseHead('{"version":2,"changes":[],"more":"of a later release"}')?.changes).toEqual([]);
  });

  it('carries the endpoints that its transaction wrote, short ones and a few, and none of a later release', () => {
    const key = (digit: string) => keys.endpoint(networkId('a'), ONE, endpoint(digit));
    const value = (version: number, length = 0) => JSON.stringify({ version, more: 'x'.repeat(length) });
    const carriedBy = (...ops: readonly Op[]) => [...(parseHead(formatHead([], ops))?.carried ?? [])];
    const create = (digit: string, text = value(2)): Op => ({ verb: 'create', key: key(digit), value: text });
    expect(
      carriedBy(
        create('1'),
        { verb: 'update', key: key('2'), value: value(3), index: 7 },
        { verb: 'delete', key: key('3') },
        { verb: 'check', key: key('4'), index: 8 },
      ),
    ).toEqual([
      [endpoint('1'), value(2)],
      [endpoint('2'), value(3)],
      [endpoint('3'), undefined],
    ]);
    expect(carriedBy(create('1', value(3, 3_000)), create('2', 'garbage'), create('3', value(4)))).toEqual([]);
    expect(carriedBy(...['1', '2', '3', '4', '5'].map((digit) => create(digit)))).toHaveLength(4);
    expect(parseHead('{"version":2,"changes":[],"carried":[["../x",""]]}')).toEqual({
      changes: [],
      carried: new Map(),
    });
  });

  it.each([
    ['', 'garbage', '[]', '{"version":2}', '{"version":4,"changes":[]}', '{"version":1,"changes":[]}'],
    [`{"version":2,"changes":[["rev00001","${hexId('1')}x"]]}`, `{"version":2,"changes":[["../x","${hexId('1')}"]]}`],
    [formatHead(Array.from({ length: 17 }, () => change('rev00000', '1'))), 'x'.repeat(1_000_000)],
  ])('is none: case %#', (...values) => {
    for (const value of values) expect(parseHead(value), value.slice(0, 80)).toBeUndefined();
  });

  it('tells of what the one before told of, as far as there is room', () => {
    let changes: readonly Change[] = [];
    for (let i = 0; i < 40; i++) changes = following(changes, revision(i), [endpoint('1')]);
    expect(changes.map((c) => c.revision)).toEqual(Array.from({ length: 16 }, (_, i) => revision(i + 24)));
    expect(following([change('rev00001', '1')], 'rev00002', [endpoint('2'), endpoint('3')])).toHaveLength(3);
  });

  it('tells what changed since another one, all that one transaction changed with it', () => {
    const changes = [
      change('rev00001', '1'),
      change('rev00002', '2'),
      change('rev00002', '3'),
      change('rev00003', '2'),
    ];
    expect([...(changedSince(changes, 'rev00001') ?? [])]).toEqual([endpoint('2'), endpoint('3')]);
    expect([...(changedSince(changes, 'rev00002') ?? [])]).toEqual([endpoint('2')]);
    expect(changedSince(changes, 'rev00003')?.size).toBe(0);
    expect(changedSince(changes, 'rev00000'), 'does not reach back').toBeUndefined();
    expect(changedSince([], 'rev00000')).toBeUndefined();
  });

  it('has a revision of its own', () => {
    const all = new Set(Array.from({ length: 1_000 }, newRevision));
    expect(all.size).toBe(1_000);
    for (const revision of all) expect(revision).toMatch(/^[\w-]{8}$/);
  });
});

describe('heads among keys', () => {
  const a = networkId('a');
  it('are told by network and owner', () => {
    const found = headsAmong([
      keys.head(a, ONE, 'rev00001'),
      keys.head(a, TWO, 'rev00002'),
      keys.head(networkId('b'), ONE, 'rev00003'),
    ]);
    expect([...found.keys()]).toEqual([a, networkId('b')]);
    expect([...(found.get(a) ?? [])]).toEqual([
      [ONE, 'rev00001'],
      [TWO, 'rev00002'],
    ]);
  });

  it('are no others: wrong places, shapes and lengths', () => {
    const good = keys.head(a, ONE, 'rev00000');
    const wrong = [
      keys.head('b'.repeat(63), ONE, 'rev00000'),
      good.replace(`/${bucketOf(a)}/`, '/99/'),
      `heads/${bucketOf(a)}/${a}/${ONE}`,
      `${good}/x`,
      // Owners that are no nodes' ids.
      ...['', '\u001b[2J', '10.0.0.60', 'somebody', '1'.repeat(15), '1'.repeat(17), 'G'.repeat(16)].map((owner) =>
        keys.head(a, owner, 'rev00000'),
      ),
      ...['', 'ü', 'r1', 'rev000000', 'rev/0000', 'rev 0000', '..', 'x'.repeat(500_000)].map((text) =>
        keys.head(a, ONE, text),
      ),
    ];
    const told: string[] = [];
    const found = headsAmong([...wrong, good], (key) => told.push(key));
    expect([...(found.get(a) ?? [])]).toEqual([[ONE, 'rev00000']]);
    expect(told).toEqual(wrong);
  });

  it('are those of so many owners and no more', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => keys.head(a, i.toString(16).padStart(16, '0'), 'rev00000'));
    expect(headsAmong(many).get(a)?.size).toBe(4_096);
  });

  it('of one owner are all of them, so that each change of any is one', () => {
    const [first, second] = [keys.head(a, ONE, 'rev00001'), keys.head(a, ONE, 'rev00002')];
    expect(headsAmong([first, second]).get(a)?.get(ONE)).not.toBe(headsAmong([first]).get(a)?.get(ONE));
  });

  it('of one owner are as short as one, and no revision, however many there are', () => {
    const many = Array.from({ length: 50_000 }, (_, i) => keys.head(a, ONE, revision(i)));
    const [all, fewer] = [many, many.slice(1)].map((some) => headsAmong(some).get(a)?.get(ONE) ?? '');
    expect(all).not.toBe(fewer);
    expect(all?.length).toBeLessThan(64);
    expect(
      readsFor(new Map([[ONE, all ?? '']]), new Map([[ONE, { told: 'rev00000', read: 'rev00000' }]]), () => 50),
    ).toEqual([{ kind: 'owner', owner: ONE }]);
  });
});

describe('the reads that names ask for', () => {
  const many = () => 50;
  const heads = (...pairs: [string, string][]) => new Map(pairs);
  const reached = (...pairs: [string, string, string?][]) =>
    new Map(pairs.map(([owner, told, read = told]) => [owner, { told, read }]));

  it('are none while nothing is new', () => {
    expect(readsFor(heads([ONE, 'rev00001']), reached([ONE, 'rev00001']), many)).toEqual([]);
    expect(readsFor(heads(), reached(), many)).toEqual([]);
  });

  it('are the changes since what was read', () => {
    expect(
      readsFor(
        heads([ONE, 'rev00003'], [TWO, 'rev00009']),
        reached([ONE, 'rev00001', 'rev00002'], [TWO, 'rev00009']),
        many,
      ),
    ).toEqual([{ kind: 'changes', owner: ONE, since: 'rev00002' }]);
  });

  it('are none for a head that was read before its name was told', () => {
    expect(readsFor(heads([ONE, 'rev00002']), reached([ONE, 'rev00001', 'rev00002']), many)).toEqual([]);
    expect(readsFor(heads([ONE, 'rev00001']), reached([ONE, 'rev00001', 'rev00002']), many)).toEqual([]);
  });

  it('are all of an owner that is new, that has few, that has gone or has several heads', () => {
    const whole = [{ kind: 'owner', owner: ONE }];
    expect(readsFor(heads([ONE, 'rev00001']), reached(), many)).toEqual(whole);
    expect(readsFor(heads([ONE, 'rev00002']), reached([ONE, 'rev00001']), () => 2)).toEqual(whole);
    expect(readsFor(heads(), reached([ONE, 'rev00001']), many)).toEqual(whole);
    expect(readsFor(heads([ONE, 'r1 r2']), reached([ONE, 'rev00001']), many)).toEqual(whole);
  });
});

describe('watches', () => {
  const networks = (n: number) => Array.from({ length: n }, (_, i) => i.toString(16).padStart(64, '0') as NetworkId);

  it('are one for each network as long as they are few', () => {
    const few = networks(MOST_WATCHES);
    expect([...watchesFor(few)]).toEqual(few.map((id) => [keys.heads(id), [id]]));
  });

  it.each([MOST_WATCHES + 1, 300, 5_000])('are few for %i networks, and each network is in one', (n) => {
    const watches = watchesFor(networks(n));
    expect(watches.size).toBeLessThanOrEqual(MOST_WATCHES);
    expect([...watches.values()].flat().sort()).toEqual([...networks(n)].sort());
    for (const [prefix, ids] of watches) for (const id of ids) expect(keys.heads(id).startsWith(prefix)).toBe(true);
  });

  it('of a bucket with one of our networks do not hear of the others there', () => {
    const ids = [...networks(33).slice(1), `${'f'.repeat(60)}0001` as NetworkId];
    const alone = ids[1];
    expect(watchesFor(ids).get(keys.heads(alone ?? ''))).toEqual([alone]);
  });
});
