/** Who changes the map of MACs is told of, whoever looks at it in between. */
import { closeSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MacTable } from '../../src/kernel/bpf/mac-table.js';
import { MAPS } from '../../src/kernel/bpf/programs.js';
import { createMap, idOfMap, openMap } from '../../src/kernel/bpf/syscall.js';
import type { Mac } from '../../src/model/values/types.js';

const [ONE, TWO] = ['02:42:ac:10:01:01', '02:42:ac:10:01:02'] as Mac[] as [Mac, Mac];

let ours: MacTable;
let theirs: MacTable;
beforeEach(() => {
  ours = new MacTable(createMap('macs'));
  theirs = new MacTable(openMap(ours.id, 'macs') as number);
  ours.set(ONE, { port: 7 });
});
afterEach(() => {
  ours.close();
  theirs.close();
});

test('what we do ourselves is no news', () => {
  ours.read();
  expect(ours.changed()).toBe(false);
  ours.set(TWO, { vtep: '10.0.0.61' });
  ours.read();
  ours.remove(ONE);
  expect([ours.changed(), ours.changed()]).toEqual([false, false]);
});

test('a change by somebody else is told once', () => {
  ours.read();
  theirs.set(ONE, { port: 8 });
  expect([ours.changed(), ours.changed()]).toEqual([true, false]);
});

test('a look does not take the news from who waits for them', () => {
  ours.read();
  theirs.remove(ONE);
  expect(ours.read()).toEqual(new Map());
  ours.read();
  expect([ours.changed(), ours.changed()]).toEqual([true, false]);
});

test('a map of another release, of another shape, is not taken for one of ours', () => {
  const { valueSize } = MAPS.macs;
  const shapeOf = (bytes: number) => Object.assign(MAPS.macs, { valueSize: bytes });
  shapeOf(2 * valueSize);
  const other = createMap('macs');
  shapeOf(valueSize);
  expect(openMap(idOfMap(other), 'macs')).toBeUndefined();
  expect(openMap(ours.id, 'lanes')).toBeUndefined();
  closeSync(other);
});
