/** A server that cannot go on: its last line is one like all others, and commands find it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventFiles } from '../../src/admin/contract/events.js';
import { adminSocketOf } from '../../src/config/config.js';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
let folder: string;
let events: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-ended-'));
  [, events] = eventFiles(adminSocketOf([join(folder, 'tsoverlay.sock')]));
  // Whoever served before has left it.
  mkdirSync(dirname(events), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const served = (settings: Readonly<Record<string, string>>) => {
  const env = { PLUGIN_SOCKETS: join(folder, 'tsoverlay.sock'), DATA_DIR: join(folder, 'data'), ...settings };
  return execa(process.execPath, ['--import', 'tsx', MAIN], { env, reject: false, stdin: 'ignore' });
};

// It starts a program, which takes its time on a busy machine.
it.each([
  ['a setting that is wrong', { CLUSTER_STORE: 'nowhere' }, 'CLUSTER_STORE is "nowhere"'],
  ['an address that is not there', { CLUSTER_ADVERTISE: '192.0.2.77' }, '192.0.2.77'],
])(
  '%s: each line of the log has an event, the last one says why, and so does a sentence',
  { timeout: 60_000 },
  async (_, settings, why) => {
    const { exitCode, stdout, stderr } = await served(settings);
    const lines = stdout.split('\n').map((line): unknown => JSON.parse(line));
    expect(lines).toEqual(lines.map(() => expect.objectContaining({ event: expect.any(String), level: 'error' })));
    expect(lines.at(-1)).toMatchObject({ event: 'ended', err: expect.stringContaining(why) });
    expect(exitCode).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(why)]);
    expect(readFileSync(events, 'utf8')).toMatch(/"event":"ended"/);
  },
);
