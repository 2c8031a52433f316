import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreError } from '../../../src/errors.js';
import { Backoff, backoffMs } from '../../../src/store/backoff.js';
import { heardRows } from '../health/heard.js';

const away = new StoreError('out of reach', true);
const refusal = new StoreError('too many connections', true, { status: 429, persists: true });

const sleep = (ms: number) => vi.advanceTimersByTimeAsync(ms);
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('grows from a quarter of a second to one and a half, for a refusal to half a minute', () => {
  expect([1, 2, 3, 5, 6, 40].map((n) => backoffMs(n, 1))).toEqual([250, 500, 1_000, 1_500, 1_500, 1_500]);
  expect([1, 5, 8, 40].map((n) => backoffMs(n, 1, 30_000))).toEqual([250, 4_000, 30_000, 30_000]);
  expect(backoffMs(1, 0)).toBe(125);
});

describe('a server', () => {
  const changed = (backoff: Backoff) => new Promise<void>((resolve) => void backoff.onChange(resolve));

  it('is asked by one after a failure, by all once that was answered', async () => {
    const backoff = new Backoff();
    expect([backoff.take(false), backoff.take(true)]).toEqual(['all', 'all']);
    backoff.failed('all', away);
    backoff.failed('all', away);
    expect(backoff.take(false), 'not yet').toBeUndefined();
    const trial = changed(backoff);
    await sleep(300);
    await trial;
    expect(backoff.take(false)).toBe('trial');
    expect(backoff.take(false), 'one is enough').toBeUndefined();
    const waiting = changed(backoff);
    backoff.answered('trial', false);
    await waiting;
    expect(backoff.take(false)).toBe('all');
  });

  it('is tried by another when whoever tried it has ended', async () => {
    const backoff = new Backoff();
    backoff.failed('all', away);
    await sleep(300);
    expect(backoff.take(true), 'one that blocks keeps nobody waiting').toBe('all');
    expect(backoff.take(false)).toBe('trial');
    backoff.dropped('trial');
    expect(backoff.take(false)).toBe('trial');
  });

  it('has its trouble until a blocking query succeeds, and that is told once', async () => {
    const { rows, log, all } = heardRows();
    const backoff = new Backoff(rows.of('store.news').row('10.0.0.60:8500'));
    for (let i = 0; i < 2; i++) {
      backoff.failed('all', refusal);
      await sleep(600);
      expect(backoff.take(false)).toBe('trial');
      backoff.answered('trial', false);
      expect(all()).toMatchObject([{ subject: '10.0.0.60:8500', state: 'failing', attempts: i + 1 }]);
    }
    const words = 'when this host last asked for news, too many connections; it asks more and more slowly';
    expect(log.words).toEqual([words]);
    backoff.answered('all', true);
    expect(all()).toMatchObject([{ state: 'ok' }]);
    backoff.failed('all', away);
    expect(all()).toMatchObject([{ text: 'when this host last asked for news, out of reach' }]);
  });

  it('is over its trouble when it has answered and no query has failed for two seconds', async () => {
    const { rows, all } = heardRows();
    const backoff = new Backoff(rows.of('store.news').row('10.0.0.60:8500'));
    backoff.failed('all', away);
    await sleep(300);
    backoff.answered('trial', false);
    await sleep(1_500);
    backoff.failed('all', away);
    await sleep(1_000);
    expect(all(), 'it failed meanwhile').toMatchObject([{ state: 'failing' }]);
    backoff.answered('all', false);
    await sleep(2_100);
    expect(all()).toMatchObject([{ state: 'ok' }]);
  });

  it('tells nobody who does not wait any more', async () => {
    const backoff = new Backoff();
    backoff.failed('all', away);
    const told: string[] = [];
    backoff.onChange(() => told.push('ended'))();
    backoff.onChange(() => told.push('waiting'));
    backoff.answered('all', true);
    expect(told).toEqual(['waiting']);
  });
});
