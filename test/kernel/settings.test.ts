/** How settings of namespaces are written, with a kernel that takes its time for it. */
import * as fs from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, expect, test, vi } from 'vitest';
import { changeSettings } from '../../src/kernel/system/settings.js';
import type { Setting } from '../../src/kernel/system/sysctl.js';

type Done = (error: NodeJS.ErrnoException | null) => void;

/** Writes that have been begun, and what ends each. */
const writes: Done[] = [];
const closed = vi.hoisted((): number[] => []);
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof fs>()),
  openSync: () => 1_000,
  readFileSync: () => '7\n',
  closeSync: (fd: number) => closed.push(fd),
  write: vi.fn(),
}));

const NAME = 'net/ipv6/conf/veth0/disable_ipv6';
const change = (setting: Partial<Setting> = {}) =>
  changeSettings({ within: (work) => work() }, [{ name: NAME, value: 1, ...setting }]);

beforeEach(() => {
  writes.length = 0;
  closed.length = 0;
  vi.mocked(fs.write).mockImplementation(((_fd: number, _text: string, done: Done) => writes.push(done)) as never);
});

test('one pool thread at a time waits for the kernel’s lock, whatever the number of namespaces', async () => {
  const all = Promise.all(Array.from({ length: 6 }, () => change()));
  for (let n = 0; n < 6; n++) {
    for (let turns = 0; turns < 5; turns++) await turn();
    expect([writes.length, closed.length]).toEqual([n + 1, n]);
    writes[n]?.(null);
  }
  await all;
  expect(closed).toHaveLength(6);
});

const writeFails = async (setting: Partial<Setting>) => {
  const changed = change(setting).then(() => 'done', String);
  for (let turns = 0; turns < 5; turns++) await turn();
  writes[0]?.(Object.assign(new Error('ENOENT'), { code: 'ENOENT', errno: -2 }));
  return changed;
};

test('a setting may go with its link before it is written, unless it must be there', async () => {
  expect(await writeFails({ ifThere: true })).toBe('done');
  writes.length = 0;
  expect(await writeFails({})).toContain('ENOENT');
  expect(closed).toEqual([1_000, 1_000]);
});
