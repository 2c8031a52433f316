/** Who reads a command's output and has seen enough: `tsoverlay events | head`. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventFiles } from '../../src/admin/contract/events.js';
import { adminSocketOf } from '../../src/config/config.js';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const line = (n: number) =>
  `${JSON.stringify({ at: '2026-11-27T03:41:12.000Z', level: 'info', event: 'serving', text: `${n} ${'x'.repeat(200)}` })}\n`;

let folder: string;
let events: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-reader-'));
  const [, path] = eventFiles(adminSocketOf([join(folder, 'tsoverlay.sock')]));
  events = path;
  mkdirSync(dirname(events), { recursive: true });
  writeFileSync(events, Array.from({ length: 2_000 }, (_, n) => line(n)).join(''));
});
afterEach(() => rmSync(folder, { recursive: true }));

const piped = async (typed: string, reader: string) => {
  const run = `${process.execPath} --import tsx ${MAIN} ${typed} | ${reader}; echo "status \${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await execa('bash', ['-c', run], {
    env: { PLUGIN_SOCKETS: join(folder, 'tsoverlay.sock'), DATA_DIR: folder },
  });
  return [stdout.split('\n').at(-1), stderr];
};

// It starts a program, which takes its time on a busy machine.
describe('a reader that has gone', { timeout: 60_000 }, () => {
  it('is the end, as for any Unix program', async () => {
    const [status, stderr] = await piped('events', 'head -1');
    // No stack trace: nobody serves here, and that is all that there is to say.
    expect([status, stderr?.replace(/^tsoverlay: tsoverlay does not serve on this host.*$/, '')]).toEqual([
      'status 141',
      '',
    ]);
  });

  it('is the end of what goes on', async () => {
    const timer = setInterval(() => appendFileSync(events, line(0)), 100);
    try {
      expect(await piped('events --follow', 'head -1')).toEqual(['status 141', '']);
    } finally {
      clearInterval(timer);
    }
  });
});
