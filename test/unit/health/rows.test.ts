import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RowPorts } from '../../../src/health/row.js';
import { heardRows } from './heard.js';

let time: number;
let story: ReturnType<typeof heardRows>;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  time = 0;
  story = heardRows(() => time);
});
afterEach(() => {
  story.rows.stop();
  vi.useRealTimers();
});
const later = (ms: number) => {
  time += ms;
  vi.advanceTimersByTime(ms);
};

describe('a thing that is kept right', () => {
  it('is pending, fails, and is right in the end: one line for each, and repeated failures are counted only', () => {
    const row = story.rows.of('host.network').row('1-abc');
    row.pending();
    later(1_000);
    for (let i = 0; i < 3; i++) row.failing({ reason: 'EBUSY' });
    expect(story.all()).toEqual([
      {
        code: 'host.network',
        subject: '1-abc',
        state: 'failing',
        severity: 'high',
        since: '1970-01-01T00:00:01.000Z',
        attempts: 3,
        args: { reason: 'EBUSY' },
        text: 'the namespace could not be made right: EBUSY',
      },
    ]);
    later(1_000);
    for (let i = 0; i < 3; i++) row.ok();
    expect(story.all()).toMatchObject([{ state: 'ok', attempts: 0, since: '1970-01-01T00:00:02.000Z', args: {} }]);
    expect(story.log.lines).toEqual([
      {
        ...{ level: 'error', event: 'row', code: 'host.network', subject: '1-abc', state: 'failing', reason: 'EBUSY' },
        msg: 'the namespace could not be made right: EBUSY',
      },
      {
        ...{ level: 'info', event: 'row', code: 'host.network', subject: '1-abc', state: 'ok' },
        msg: "a network's namespace is as it should be",
      },
    ]);
    expect(story.log.whispers).toMatchObject([{ level: 'debug', event: 'row', state: 'pending' }]);
  });

  it('that was never wrong has a row, and no line that anybody sees', () => {
    const row = story.rows.of('guard.vxlan').row();
    row.pending();
    row.ok();
    row.pending();
    expect(story.troubles()).toEqual(['guard.vxlan pending']);
    row.ok();
    expect(story.all()).toMatchObject([{ code: 'guard.vxlan', subject: '', state: 'ok' }]);
    expect(story.log.lines).toEqual([]);
  });

  it('takes its row along when it goes, with a line if the log still calls it wrong', () => {
    const containers = story.rows.of('engine.container');
    containers.row('a').failing({ reason: 'no answer' });
    containers.row('b').ok();
    containers.keepOnly(new Set());
    containers.row('never there').gone();
    expect(story.all()).toEqual([]);
    expect(story.log.lines.map(({ subject, state }) => [subject, state])).toEqual([
      ['a', 'failing'],
      ['a', 'gone'],
    ]);
  });

  it('says what is right again in words of its own where there are some', () => {
    const row = story.rows.of('consul.exposed').row('a:1');
    row.degraded({ address: 'a:1', acls: false });
    row.ok();
    expect(story.log.words[1]).toBe('Consul at a:1 takes writes with a token only now');
  });

  it('tells of another reason, but once a minute', () => {
    const row = story.rows.of('node.record').row();
    for (const reason of ['EBUSY', 'EPERM', 'EBUSY']) row.failing({ reason });
    expect(story.log.lines).toHaveLength(1);
    later(60_000);
    row.failing({ reason: 'EBUSY' });
    expect(story.log.lines).toHaveLength(1);
    row.failing({ reason: 'EPERM' });
    row.failing({ reason: 'EBUSY' });
    expect(story.log.words.slice(1)).toEqual([expect.stringContaining('EPERM')]);
    expect(story.all()).toMatchObject([{ attempts: 6, text: expect.stringContaining('EBUSY') }]);
  });
});

it('a code with other arguments than its own does not compile', () => {
  const { rows } = story;
  // @ts-expect-error: it has a reason.
  const wrong = () => rows.of('host.network').row('1-abc').failing({ words: 'EBUSY' });
  // @ts-expect-error: no such code.
  const unknown = () => rows.of('host.netwrok');
  const narrow: RowPorts<'guard.vxlan'> = rows;
  // @ts-expect-error: a part speaks of the codes that it was given.
  const foreign = () => narrow.of('guard.consul');
  expect([wrong, unknown, foreign]).toHaveLength(3);
});

describe('a flood', () => {
  it('of one thing that fails and works by turns fills no log, which has the last word a minute later', () => {
    const row = story.rows.of('node.record').row();
    for (let i = 0; i < 1_000; i++) {
      row.failing({ reason: 'EPERM' });
      row.ok();
    }
    row.failing({ reason: 'EPERM' });
    expect(story.log.lines).toHaveLength(5);
    later(60_000);
    expect(story.log.lines.at(-1)).toMatchObject({ state: 'failing', unlogged: 1_996 });
    later(600_000);
    expect(story.log.lines).toHaveLength(6);
  });

  it('that a container makes has one line a minute', () => {
    const row = story.rows.of('dns.resolver').row('a');
    for (let i = 0; i < 1_000; i++) {
      row.failing({ reason: 'EPERM' });
      row.ok();
    }
    expect(story.log.lines).toHaveLength(1);
    later(60_000);
    expect(story.log.lines.map(({ state }) => state)).toEqual(['failing', 'ok']);
  });

  it('of many things is told of the first hundred; all have rows, and none is remembered once gone', () => {
    const networks = story.rows.of('engine.network');
    for (let i = 0; i < 10_000; i++) networks.row(`n${i}`).failing({ step: 'createMirror', reason: 'taken' });
    expect(story.log.lines).toHaveLength(100);
    expect(story.all()).toHaveLength(10_000);
    later(120_000);
    expect(story.log.lines).toHaveLength(102);
    networks.keepOnly(new Set());
    expect(story.all()).toEqual([]);
    later(600_000);
    expect(story.log.lines.length).toBeLessThan(110);
  });

  it('of reasons is clipped', () => {
    story.rows
      .of('node.record')
      .row()
      .failing({ reason: 'x'.repeat(100_000) });
    expect(story.all()[0]?.text.length).toBeLessThan(2_100);
  });
});

describe('the snapshot', () => {
  it('is one value that stays what it is, the same while nothing changes, and JSON', () => {
    const row = story.rows.of('store.doubt').row();
    row.degraded({});
    const before = story.rows.snapshot;
    expect(story.rows.snapshot).toBe(before);
    row.degraded({});
    expect(story.rows.snapshot).not.toBe(before);
    row.ok();
    expect(before.rows).toMatchObject([{ state: 'degraded' }]);
    expect(JSON.parse(JSON.stringify(before))).toEqual(before);
  });

  it('is told once for all changes of a turn, until nobody listens', async () => {
    const seen: number[] = [];
    const end = story.rows.onChange(({ rows }) => seen.push(rows.length));
    for (let i = 0; i < 100; i++) story.rows.of('host.network').row(`n${i}`).ok();
    expect(seen).toEqual([]);
    await turn();
    expect(seen).toEqual([100]);
    story.rows.of('host.network').row('n0').ok();
    await turn();
    end();
    story.rows.of('host.network').row('n0').gone();
    await turn();
    expect(seen).toEqual([100]);
  });
});
