import { describe, expect, it } from 'vitest';
import { bucketOf, keys } from '../../../src/model/names.js';
import type { EndpointId, NetworkId } from '../../../src/model/types.js';
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
} from '../../../src/store/heads.js';
import { hexId, networkId } from './samples.js';

const [ONE, TWO] = ['10.0.0.60', '10.0.0.61'];
const endpoint = (digit: string) => hexId(digit) as EndpointId;
const change = (revision: string, digit: string): Change => ({ revision, endpoint: endpoint(digit) });

describe('a head', () => {
  it('says what it was made of', () => {
    const changes = [change('r1', '1'), change('r2', '2')];
    expect(parseHead(formatHead(changes))).toEqual(changes);
    expect(JSON.parse(formatHead(changes))).toMatchObject({ version: 2 });
    expect(parseHead('{"version":2,"changes":[],"more":"of a later release"}')).toEqual([]);
  });

  it.each([
    ['', 'garbage', '[]', '{"version":2}', '{"version":3,"changes":[]}', '{"version":1,"changes":[]}'],
    [`{"version":2,"changes":[["r1","${hexId('1')}x"]]}`, `{"version":2,"changes":[["../x","${hexId('1')}"]]}`],
    [formatHead(Array.from({ length: 17 }, () => change('r', '1'))), 'x'.repeat(1_000_000)],
  ])('is none: case %#', (...values) => {
    for (const value of values) expect(parseHead(value), value.slice(0, 80)).toBeUndefined();
  });

  it('tells of what the one before told of, as far as there is room', () => {
    let changes: readonly Change[] = [];
    for (let i = 0; i < 40; i++) changes = following(changes, `r${i}`, [endpoint('1')]);
    expect(changes.map((c) => c.revision)).toEqual(Array.from({ length: 16 }, (_, i) => `r${i + 24}`));
    expect(following([change('r1', '1')], 'r2', [endpoint('2'), endpoint('3')])).toHaveLength(3);
  });

  it('tells what changed since another one, all that one transaction changed with it', () => {
    const changes = [change('r1', '1'), change('r2', '2'), change('r2', '3'), change('r3', '2')];
    expect([...(changedSince(changes, 'r1') ?? [])]).toEqual([endpoint('2'), endpoint('3')]);
    expect([...(changedSince(changes, 'r2') ?? [])]).toEqual([endpoint('2')]);
    expect(changedSince(changes, 'r3')?.size).toBe(0);
    expect(changedSince(changes, 'r0'), 'does not reach back').toBeUndefined();
    expect(changedSince([], 'r0')).toBeUndefined();
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
    const found = headsAmong([keys.head(a, ONE, 'r1'), keys.head(a, TWO, 'r2'), keys.head(networkId('b'), ONE, 'r3')]);
    expect([...found.keys()]).toEqual([a, networkId('b')]);
    expect([...(found.get(a) ?? [])]).toEqual([
      [ONE, 'r1'],
      [TWO, 'r2'],
    ]);
  });

  it('are no others: wrong places, shapes and lengths', () => {
    const wrong = [
      keys.head('b'.repeat(63), ONE, 'r'),
      `heads/99/${a}/${ONE}/r`,
      `heads/${bucketOf(a)}/${a}/${ONE}`,
      `${keys.head(a, ONE, 'r')}/x`,
      keys.head(a, '', 'r'),
      keys.head(a, '\u001b[2J', 'r'),
      keys.head(a, 'x'.repeat(65), 'r'),
      keys.head(a, ONE, ''),
      keys.head(a, ONE, 'ü'),
      keys.head(a, ONE, 'x'.repeat(33)),
    ];
    expect(headsAmong(wrong).get(a)).toBeUndefined();
  });

  it('are those of so many owners and no more', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => keys.head(a, `owner-${i}`, 'r'));
    expect(headsAmong(many).get(a)?.size).toBe(4_096);
  });

  it('of one owner are all of them, so that each change of any is one', () => {
    const [first, second] = [keys.head(a, ONE, 'r1'), keys.head(a, ONE, 'r2')];
    expect(headsAmong([first, second]).get(a)?.get(ONE)).not.toBe(headsAmong([first]).get(a)?.get(ONE));
  });

  it('of one owner are as short as one, and no revision, however many there are', () => {
    const many = Array.from({ length: 50_000 }, (_, i) => keys.head(a, ONE, `r${i}`));
    const [all, fewer] = [many, many.slice(1)].map((some) => headsAmong(some).get(a)?.get(ONE) ?? '');
    expect(all).not.toBe(fewer);
    expect(all?.length).toBeLessThan(64);
    expect(readsFor(new Map([[ONE, all ?? '']]), new Map([[ONE, { told: 'r0', read: 'r0' }]]), () => 50)).toEqual([
      { kind: 'owner', owner: ONE },
    ]);
  });
});

describe('the reads that names ask for', () => {
  const many = () => 50;
  const heads = (...pairs: [string, string][]) => new Map(pairs);
  const reached = (...pairs: [string, string, string?][]) =>
    new Map(pairs.map(([owner, told, read = told]) => [owner, { told, read }]));

  it('are none while nothing is new', () => {
    expect(readsFor(heads([ONE, 'r1']), reached([ONE, 'r1']), many)).toEqual([]);
    expect(readsFor(heads(), reached(), many)).toEqual([]);
  });

  it('are the changes since what was read', () => {
    expect(readsFor(heads([ONE, 'r3'], [TWO, 'r9']), reached([ONE, 'r1', 'r2'], [TWO, 'r9']), many)).toEqual([
      { kind: 'changes', owner: ONE, since: 'r2' },
    ]);
  });

  it('are none for a head that was read before its name was told', () => {
    expect(readsFor(heads([ONE, 'r2']), reached([ONE, 'r1', 'r2']), many)).toEqual([]);
    expect(readsFor(heads([ONE, 'r1']), reached([ONE, 'r1', 'r2']), many)).toEqual([]);
  });

  it('are all of an owner that is new, that has few, that has gone or has several heads', () => {
    const whole = [{ kind: 'owner', owner: ONE }];
    expect(readsFor(heads([ONE, 'r1']), reached(), many)).toEqual(whole);
    expect(readsFor(heads([ONE, 'r2']), reached([ONE, 'r1']), () => 2)).toEqual(whole);
    expect(readsFor(heads(), reached([ONE, 'r1']), many)).toEqual(whole);
    expect(readsFor(heads([ONE, 'r1 r2']), reached([ONE, 'r1']), many)).toEqual(whole);
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
