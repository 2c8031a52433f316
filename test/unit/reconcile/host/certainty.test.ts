import { expect, it } from 'vitest';
import type { NamespacePlan } from '../../../../src/model/plan/namespace-plan.js';
import type { NamespaceName } from '../../../../src/model/values/types.js';
import { Certainty } from '../../../../src/reconcile/host/certainty.js';

const name = '1-0000000000' as NamespaceName;
const made = (began: number, took: number) => ({
  ...{ plan: {} as NamespacePlan, sandboxes: new Map(), changes: 0 },
  ...{ began, took },
});

it('lasts until somebody has changed something, even during a look at all', () => {
  const certainty = new Certainty(() => 1_000);
  expect(certainty.get(name)).toBeUndefined();
  certainty.set(name, made(1_000, 1));
  expect(certainty.get(name)).toBeDefined();
  certainty.doubt(name);
  expect(certainty.get(name)).toBeUndefined();
  certainty.trust(name);
  certainty.doubt(name);
  certainty.set(name, made(1_000, 1));
  expect(certainty.get(name)).toBeUndefined();
  certainty.trust(name);
  certainty.set(name, made(1_000, 1));
  expect(certainty.get(name)).toBeDefined();
});

it.each([
  ['a small network for half a minute', 1, 28_000, 30_000],
  ['a large one for fifteen hundred times what a look takes', 80, 119_000, 120_001],
  ['none for longer than five minutes', 60_000, 299_000, 300_001],
])('lasts for %s', (_, took, still, over) => {
  let now = 0;
  const certainty = new Certainty(() => now);
  certainty.set(name, made(0, took));
  now = still;
  expect(certainty.get(name)).toBeDefined();
  now = over;
  expect(certainty.get(name)).toBeUndefined();
});
