import { expect, it } from 'vitest';
import { drawing } from '../../../lab/bench/report/bars.js';
import { picture } from '../../../lab/bench/report/picture.js';
import { engine, sampled } from './engines.js';

const palette = { ours: '#00f', theirs: '#ccc' };
const bar = (series: string, value: number) => ({ series, value, low: value - 0.1, high: value + 0.1 });
const widths = (svg: string, colour: string) =>
  [...svg.matchAll(new RegExp(`width="([\\d.]+)" height="10" fill="${colour}"`, 'g'))].map((m) => Number(m[1]));

it('bars are as long as their values, on one scale in a chart', () => {
  const groups = [
    { label: 'a', bars: [bar('ours', 1.2), bar('theirs', 0.6)] },
    { label: 'b', bars: [bar('ours', 0.3)] },
  ];
  const svg = drawing([[{ title: 't', groups }]], palette);
  const [long = 0, short = 0] = widths(svg, '#00f');
  expect(long / short).toBeCloseTo(4, 1);
  expect(long / (widths(svg, '#ccc')[0] ?? 0)).toBeCloseTo(2, 1);
});

it('a value below nothing has no bar, and words are no markup', () => {
  const svg = drawing([[{ title: 'a < b & c', groups: [{ label: 'x', bars: [bar('ours', -0.3)] }] }]], palette);
  expect(widths(svg, '#00f')).toEqual([0]);
  expect(svg).toContain('a &lt; b &amp; c');
});

it('the picture has a column for each engine and a bar for all but Docker itself', () => {
  const traffic = { tcp: sampled('tcp', { accelerated: 137 }) };
  const svg = picture([engine('native', { traffic }), engine('swarm')]);
  expect(svg).toContain('native overlay, Docker 20.10.5');
  expect(svg).toContain("swarm's overlay, Docker 28.5.2");
  expect(svg.match(/>1\.37</g)).toHaveLength(1);
});
