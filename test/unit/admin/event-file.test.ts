import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Happening } from '../../../src/admin/contract/events.js';
import { EventFile } from '../../../src/admin/serving/event-file.js';
import { followEvents, readEvents } from '../../../src/cli/events/tail.js';
import type { Log } from '../../../src/health/events.js';

let folder: string;
let said: string[];
let file: EventFile;
let log: Log;
const socket = () => join(folder, 'tsoverlay/admin.sock');
const texts = () => readEvents(socket())?.map(({ text }) => text);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-events-'));
  mkdirSync(join(folder, 'tsoverlay'));
  said = [];
  file = new EventFile(socket());
  const say = (_: unknown, text: string) => void said.push(text);
  log = file.heard({ debug: say, info: say, warn: say, error: say });
});
afterEach(() => {
  file.flush();
  rmSync(folder, { recursive: true });
});

it('keeps what is logged, but for calls and what is said at debug', () => {
  expect(readEvents(socket())).toBeUndefined();
  log.warn({ event: 'row', code: 'store.news', err: new Error('why') }, 'the store is away');
  log.info({ event: 'call', call: 'Join' }, 'driver call');
  log.debug({ event: 'step' }, 'a step');
  file.flush();
  expect(said).toEqual(['the store is away', 'driver call', 'a step']);
  expect(readEvents(socket())).toMatchObject([
    { level: 'warn', event: 'row', code: 'store.news', err: 'why', text: 'the store is away' },
  ]);
  expect(statSync(join(folder, 'tsoverlay/events.ndjson')).mode & 0o777).toBe(0o600);
});

it('is bounded in what waits, in each line and in all', () => {
  for (let i = 0; i < 2_000; i++)
    log.warn({ event: 'repaired', what: 'x'.repeat(10_000) }, `${i} ${'y'.repeat(5_000)}`);
  file.flush();
  expect(texts()).toHaveLength(501);
  expect(texts()?.at(-1)).toBe('1500 more lines are in the log alone');
  for (let i = 0; i < 1_000; i++) {
    log.warn({ event: 'repaired' }, `${i} ${'z'.repeat(1_900)}`);
    if (i % 100 === 99) file.flush();
  }
  const all = ['events.ndjson', 'events.1.ndjson'].map((name) => readFileSync(join(folder, 'tsoverlay', name)).length);
  for (const length of all) expect(length).toBeLessThan(512 * 1024);
  expect(texts()?.at(-1)).toMatch(/^999 z/);
});

it('is followed, also when the file is put away', async () => {
  log.info({ event: 'serving' }, 'one');
  file.flush();
  const seen: Happening[] = [];
  const ending = new AbortController();
  const followed = followEvents(socket(), (events) => void seen.push(...events), ending.signal);
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (let i = 0; i < 400; i++) log.warn({ event: 'repaired' }, `${i} ${'z'.repeat(1_900)}`);
  file.flush();
  log.info({ event: 'serving' }, 'last');
  file.flush();
  await vi.waitFor(() => expect(seen.at(-1)?.text).toBe('last'), 5_000);
  expect(seen).toHaveLength(401);
  ending.abort();
  await followed;
});

it('a folder that is gone hinders nobody', () => {
  rmSync(join(folder, 'tsoverlay'), { recursive: true });
  log.warn({ event: 'row' }, 'one');
  file.flush();
  expect(said).toEqual(['one']);
});
