import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { raiseNeighbourLimits, writeSysctl } from '../../../../src/kernel/system/sysctl.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/tsoverlay-sysctl-`);
  mkdirSync(`${root}/net/ipv4/neigh/default`, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const limit = (n: number) => `${root}/net/ipv4/neigh/default/gc_thresh${n}`;

test('neighbour limits are raised, never lowered, and may be missing', () => {
  writeFileSync(limit(1), '128\n');
  writeFileSync(limit(3), '1000000\n');
  raiseNeighbourLimits(root);
  expect(readFileSync(limit(1), 'utf8')).toBe('8192');
  expect(readFileSync(limit(3), 'utf8')).toBe('1000000\n');
});

test('a setting that does not exist is a KernelError', () => {
  const write = () => writeSysctl('net/nothing/here', 1, root);
  expect(write).toThrow(expect.objectContaining({ verb: 'sysctl -w net.nothing.here=1', code: 'ENOENT', errno: 2 }));
});
