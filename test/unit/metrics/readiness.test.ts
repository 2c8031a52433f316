import { expect, it } from 'vitest';
import { isReady, readinessOf } from '../../../src/metrics/readiness.js';
import { heardRows } from '../health/heard.js';

const { rows } = heardRows();
const look = (knowsCluster = true) => readinessOf(rows.snapshot.rows, knowsCluster);

it('a store that is away is no death, and a container makes no host ill', () => {
  expect(look()).toEqual({ status: 'ready', codes: [] });
  rows.of('dns.share').row('/netns/x').degraded({ answered: 1, forwarded: 1, pauses: 1 });
  rows.of('store.watch').row('nodes/').failing({ reason: 'said elsewhere' });
  rows.of('guard.vxlan').row().pending();
  expect(look()).toEqual({ status: 'ready', codes: [] });
  for (const server of ['a', 'b']) rows.of('store.news').row(server).failing({ reason: 'down', refused: false });
  expect(look()).toEqual({ status: 'degraded', codes: ['store.news'] });
  expect(isReady(look())).toBe(true);
  expect(look(false)).toEqual({ status: 'starting', codes: ['store.news'] });
  expect(isReady(look(false))).toBe(false);
});

it('a host that may change nothing is not ready', () => {
  rows.of('node.key').row().failing({ reason: 'the store does not answer', refused: false });
  expect(look().status).toBe('degraded');
  rows.of('node.key').row().failing({ reason: "10.0.0.60 is another host's", refused: true });
  expect(look()).toEqual({ status: 'refused', codes: ['node.key', 'store.news'] });
  expect(isReady(look())).toBe(false);
});
