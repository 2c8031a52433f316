import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Cidr, Network } from '../../../../src/model/values/types.js';
import { FencePass } from '../../../../src/reconcile/mesh/fence-pass.js';
import { cluster, network } from '../../model/fixtures.js';

let made: (readonly Cidr[] | 'removed')[];
let stands: boolean;
let said: string[];
let current: ReturnType<typeof cluster>;
let pass: FencePass;
beforeEach(() => {
  vi.useFakeTimers();
  [made, stands, said] = [[], false, []];
  const fence = {
    ensure: (subnets: readonly Cidr[]) => {
      made.push(subnets);
      stands = true;
    },
    stands: () => stands,
    remove: () => {
      made.push('removed');
      stands = false;
    },
    close: () => {},
  };
  pass = new FencePass({
    fence,
    log: { warn: (text: string) => void said.push(text) } as never,
    view: {
      get current() {
        return current;
      },
    },
  });
});
afterEach(() => {
  pass.stop();
  vi.useRealTimers();
});
const look = async (...networks: readonly Network[]) => {
  current = cluster(networks, []);
  pass.kick();
  await vi.advanceTimersByTimeAsync(1);
};
const encrypted = network({ options: { encrypted: '' } });

test('stands around the subnets of encrypted networks alone, and is made anew when it is gone', async () => {
  await look(network());
  expect(made).toEqual(['removed']);
  await look(encrypted);
  await look(encrypted);
  expect(made.slice(1)).toEqual([['172.16.1.0/24']]);
  stands = false;
  await vi.advanceTimersByTimeAsync(2_500);
  expect(made.slice(2)).toEqual([['172.16.1.0/24']]);
  expect(said).toEqual(['repaired the fence around encrypted networks, which somebody had removed']);
  await look();
  expect(made.at(-1)).toBe('removed');
});

test('is not taken away while the cluster is not read yet', async () => {
  await look(encrypted);
  current = { ...cluster([], []), complete: false };
  pass.kick();
  await vi.advanceTimersByTimeAsync(1);
  expect(made).toEqual([['172.16.1.0/24']]);
});
