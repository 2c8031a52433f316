import { expect, it } from 'vitest';
import { claim, filled } from '../../../lab/bench/report/claim.js';
import { page } from '../../../lab/bench/report/page.js';
import type { Section } from '../../../lab/bench/report/report.js';
import type { Surroundings } from '../../../lab/bench/surroundings.js';
import { engine, sampled } from './engines.js';

const traffic = { tcp: sampled('tcp', { accelerated: 131 }), udp: sampled('udp', { accelerated: 142 }) };
const times = { first: sampled('first', { tsoverlay: 42 }) };

const around = (quick: boolean): Surroundings => ({
  ...{ date: '2026-11-28 03:00', kernel: '6.18', cores: 2, processor: 'x', memoryGib: 24, node: 'v20' },
  ...{ quick, loadBefore: 3.2, seconds: 240 },
});
const sections = (quick: boolean): readonly Section[] =>
  [engine('native', { traffic, times }), engine('swarm')].map((report) => ({
    ...{ report, around: around(quick), failures: { rival: 1 } },
  }));

it('the claim has the figures of the run, and says when it was short', () => {
  expect(claim(sections(false))).toContain('1.31, 1.42, 1.00 times, and 0.42 of the time to attach');
  expect(claim(sections(false))).not.toContain('short');
  expect(claim(sections(true))).toContain('short run');
});

it('it takes the place of the last one', () => {
  const document = 'a\n<!-- written by npm run bench -->\nold\n<!-- end -->\nb\n';
  expect(filled(document, 'new')).toBe(document.replace('old', 'new'));
  expect(() => filled('a\nb\n', 'new')).toThrow('npm run bench');
});

it('the page says that the machine was busy', () => {
  const text = page(sections(true));
  expect(text).toContain('**the machine was busy**');
  expect(text).toContain('| tcp | ≥ 1.30 × native | 1.31 (1.31 – 1.31) × native | met |');
  expect(text).toContain('taken again: rival 1.');
});
