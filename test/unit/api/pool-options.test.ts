import { describe, expect, it } from 'vitest';
import { readPoolOptions } from '../../../src/api/pool-options.js';
import { DEFAULT_SOURCES, parseSources, sourcesOf } from '../../../src/model/values/pool-source.js';

describe('default address pools', () => {
  it('are dockerd spellings, several, of both families', () => {
    expect(parseSources('base=10.80.0.0/16,size=25; base=fd00:80::/48', 'POOLS')).toEqual([
      { base: '10.80.0.0/16', size: 25 },
      { base: 'fd00:80::/48', size: 64 },
    ]);
    expect(parseSources('', 'POOLS')).toBe(DEFAULT_SOURCES);
  });

  it.each([
    ['10.80.0.0/16', 'POOLS has "10.80.0.0/16"; write it as base='],
    ['base=ten', '"ten" is not a network in CIDR notation'],
    ['base=10.80.0.0/16,size=8', 'POOLS has size "8" for base 10.80.0.0/16; it must be a prefix length from 16 to 30'],
  ])('%s is refused', (text, sentence) => {
    expect(() => parseSources(text, 'POOLS')).toThrow(sentence);
  });
});

describe('--ipam-opt', () => {
  const v4 = sourcesOf(DEFAULT_SOURCES, 4);

  it('narrows the defaults', () => {
    expect(readPoolOptions({}, '', v4)).toBe(v4);
    expect(readPoolOptions({ 'tsoverlay.size': '26' }, '', v4)).toEqual([{ base: '10.0.0.0/8', size: 26 }]);
    expect(readPoolOptions({ 'tsoverlay.base': '10.9.0.0/20' }, '', v4)).toEqual([{ base: '10.9.0.0/20', size: 24 }]);
  });

  it('is refused where it is unknown, or of no use', () => {
    expect(() => readPoolOptions({ colour: 'red' }, '', v4)).toThrow('IPAM option colour is unknown to tsoverlay');
    expect(() => readPoolOptions({ 'tsoverlay.size': '26' }, '10.9.0.0/24', v4)).toThrow(
      'leave out --subnet 10.9.0.0/24',
    );
  });
});
