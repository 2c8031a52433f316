/** The checker finds what it is there for, and a seed draws the same each time. */
import { describe, expect, it } from 'vitest';
import { doubles, leaks, type Rest } from './checker.js';
import type { Holding, Timed } from './history.js';
import { draw } from './schedule.js';

const held = (host: number, n: number, address: string): Holding => ({
  ...{ host, container: `c${host}-${n}`, network: 'one', address, endpoint: `e${host}${n}` },
});
const look = (at: number, host: number, ...holdings: Holding[]): Timed => ({
  ...{ kind: 'look', at, began: at - 10, host, holdings },
});
const [a, b] = [held(1, 1, '172.16.1.1'), held(2, 2, '172.16.1.1')];

describe('doubles', () => {
  it('are two that were seen with one address before and after each other', () => {
    const events = [look(100, 1, a), look(200, 2, b), look(300, 1, a), look(400, 2, b)];
    expect(doubles(events)).toEqual(['one 172.16.1.1 was held by c1-1 and by c2-2 at 200 ms']);
  });

  it('are not two of which one came after the other', () => {
    expect(doubles([look(100, 1, a), look(200, 1, a), look(250, 2, b), look(300, 1), look(400, 2, b)])).toEqual([]);
  });

  it('are not one container on two networks, nor one that came again', () => {
    const again = { ...a, endpoint: 'other' };
    expect(doubles([look(100, 1, a, { ...a, network: 'two' }), look(300, 1, again), look(500, 1, again)])).toEqual([]);
  });
});

describe('leaks', () => {
  const rest = (holdings: readonly Holding[], keys: readonly string[]): Rest => ({
    ...{ holdings, keys, unreachable: [], misnamed: [], steps: [] },
  });
  const [lease, endpoint] = ['addresses/172.16.1.0/24/172.16.1.1', 'endpoints/n/one/e11'];
  const head = 'heads/07/n/one/revision';

  it('are none when Consul has what lives', () => {
    expect(leaks(rest([a], [lease, endpoint, head, 'addresses/172.16.1.0/24/172.16.1.254']))).toEqual([]);
  });

  it('are leases and endpoints of nobody, and lives without them', () => {
    expect(leaks(rest([], [lease]))).toEqual(['address 172.16.1.1 is leased to nobody']);
    expect(leaks(rest([], [endpoint, head]))).toEqual(['1 endpoints for 0 that live']);
    expect(leaks(rest([a], [endpoint, head]))).toEqual(['address 172.16.1.1 has no lease']);
  });

  it('are heads of nobody, and endpoints without one', () => {
    expect(leaks(rest([], [head]))).toEqual(['n/one has a head and no endpoint']);
    expect(leaks(rest([a], [lease, endpoint]))).toEqual(['n/one has 0 heads']);
    expect(leaks(rest([a], [lease, endpoint, head, `${head}2`]))).toEqual(['n/one has 2 heads']);
  });
});

it('a seed draws the same schedule each time, with every fault in it', () => {
  expect(draw(7, 300, 3)).toEqual(draw(7, 300, 3));
  expect(draw(7, 300, 3)).not.toEqual(draw(8, 300, 3));
  expect(new Set(draw(7, 300, 3).strikes.map((s) => s.what)).size).toBe(9);
});
