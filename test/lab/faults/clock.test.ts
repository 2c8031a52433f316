/**
 * The wall clock jumps by hours while containers come and go. All hosts of a lab share the machine's clock, so the
 * plugins get one of their own: libfaketime moves what Date shows and leaves the monotonic clock alone.
 */
import { readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../lab.js';
import { bootWorld, randomRun } from './random-run.js';
import { record } from './record.js';
import { draw, type Strike } from './schedule.js';
import { CLOCK } from './world.js';

const SEED = 21;
const SECONDS = 60;
const HOSTS = 2;
const OWN_CLOCK = {
  LD_PRELOAD: '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  FAKETIME_TIMESTAMP_FILE: CLOCK,
  FAKETIME_CACHE_DURATION: '1',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
  DONT_FAKE_MONOTONIC: '1',
  NO_FAKE_STAT: '1',
};

let lab: Lab;
beforeAll(async () => {
  lab = await bootWorld({ hosts: HOSTS });
  for (const h of lab.hosts) {
    await h.run('sh', '-c', `echo +0 >${CLOCK}`);
    await h.plugin.restart(OWN_CLOCK);
  }
});
afterAll(() => lab?.down());

/** Hours by which the times in a plugin's log are off, each once. */
async function offsets(log: string): Promise<ReadonlySet<number>> {
  const { birthtimeMs } = await stat(log);
  const times = [...(await readFile(log, 'utf8')).matchAll(/"time":"([^"]+)"/g)].map(([, t = '']) => Date.parse(t));
  return new Set(times.map((time) => Math.round((time - birthtimeMs) / 3_600_000)));
}

it('the wall clock jumps by up to a day, back and forth', async () => {
  const { deeds } = draw(SEED, SECONDS, HOSTS);
  const strikes = Array.from({ length: Math.floor(SECONDS / 2) }, (_, n): Strike => {
    return { at: 2_000 * (n + 1), host: (n % HOSTS) + 1, what: 'clock-jump', lasts: (n * 17 + 5) % 48 };
  });
  const seen = await randomRun(lab, { deeds, strikes }, 'clock');
  const jumps = (await Promise.all(lab.hosts.map((h) => offsets(h.plugin.log())))).map((found) => found.size);
  for (const found of jumps) expect(found, 'the clock has jumped indeed').toBeGreaterThan(5);
  await record(
    `the wall clock of both plugins jumps by up to a day, ${strikes.length} times in ${SECONDS} s`,
    `the logs show ${jumps.join(' and ')} different hours; ${seen}`,
  );
});
