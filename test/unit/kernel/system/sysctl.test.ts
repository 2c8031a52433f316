import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSysctls, writeSysctl } from '../../../../src/kernel/system/sysctl.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/tsoverlay-sysctl-`);
  mkdirSync(`${root}/net/ipv4/neigh/default`, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const limit = (n: number) => `${root}/net/ipv4/neigh/default/gc_thresh${n}`;

test('settings are read as numbers, and may be missing', () => {
  writeFileSync(limit(1), '128\n');
  writeFileSync(limit(3), '1000000\n');
  const names = [1, 2, 3].map((n) => `net/ipv4/neigh/default/gc_thresh${n}`);
  expect([...readSysctls(names, root).values()]).toEqual([128, 1_000_000]);
  writeSysctl(names[0] ?? '', 8192, root);
  expect(readFileSync(limit(1), 'utf8')).toBe('8192');
});

test('a setting that does not exist is a KernelError', () => {
  const write = () => writeSysctl('net/nothing/here', 1, root);
  expect(write).toThrow(expect.objectContaining({ verb: 'sysctl -w net.nothing.here=1', code: 'ENOENT', errno: 2 }));
});
