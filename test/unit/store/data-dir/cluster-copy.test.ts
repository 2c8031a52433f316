/** The copy on the disk: whole, in pieces, and the less often the larger it is. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Entry } from '../../../../src/model/ports/ports.js';
import { CopyFile, CopyKeeper } from '../../../../src/store/data-dir/cluster-copy.js';
import { heardRows } from '../../health/heard.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/tsoverlay-copy-`);
});
afterEach(() => rmSync(folder, { recursive: true }));

const entries = (prefix: string, count: number): readonly Entry[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ key: `${prefix}${n}`, value: `{"text":"\u2028 ${'x'.repeat(500)}"}`, index: n + 1, born: 1 },
    ...{ held: false, everHeld: true },
  }));
const { rows, all } = heardRows();
afterEach(() => expect(all().filter(({ state }) => state !== 'ok')).toEqual([]));

it('is what was known, however much, and nothing of it is lost at a clean stop', async () => {
  const known = { 'nodes/': entries('nodes/', 1), 'networks/': [], 'endpoints/a/': entries('endpoints/a/', 1_234) };
  const keeper = new CopyKeeper(new CopyFile(folder, rows), () => known);
  keeper.soon();
  await keeper.flush();
  expect(new CopyFile(folder, rows).load()).toEqual(known);
  expect(JSON.parse(readFileSync(`${folder}/cluster.json`, 'utf8')).version).toBe(1);
});

it('is written when it was asked for, and again only for what came since', async () => {
  let taken = 0;
  const keeper = new CopyKeeper(new CopyFile(folder, rows), () => ({ 'nodes/': entries('nodes/', ++taken) }));
  await keeper.flush();
  expect(taken).toBe(0);
  keeper.soon();
  keeper.soon();
  await keeper.flush();
  await keeper.flush();
  expect(taken).toBe(1);
  keeper.soon();
  await keeper.flush();
  expect(new CopyFile(folder, rows).load()?.['nodes/']).toHaveLength(2);
});
