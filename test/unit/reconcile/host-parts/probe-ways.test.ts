import { expect, it, vi } from 'vitest';
import { DeadlineError } from '../../../../src/errors.js';
import type { NodeAddress } from '../../../../src/model/values/types.js';
import { ProbeWays } from '../../../../src/reconcile/host-parts/probe-ways.js';

const [ONE, TWO] = ['10.0.0.61', '10.0.0.62'] as NodeAddress[] as [NodeAddress, NodeAddress];

/** A pass that has not got to its end says so once; what was wanted then is planned all the same. */
function waysOf(...outcomes: readonly (() => Promise<void>)[]) {
  const planned = new Set<NodeAddress>();
  const want = (peers: readonly NodeAddress[]): boolean => {
    const isNew = peers.some((peer) => !planned.has(peer));
    for (const peer of peers) planned.add(peer);
    return isNew;
  };
  const settled = vi.fn<() => Promise<void>>();
  for (const outcome of outcomes) settled.mockImplementationOnce(outcome);
  const isNode = (address: string): address is NodeAddress => address !== '';
  return { ways: new ProbeWays({ want, isNode, trouble: undefined }, { settled }), settled };
}
const late = () => Promise.reject(new DeadlineError('not in time'));
const done = () => Promise.resolve();

it('takes a pass for who is new, and none for who has a way', async () => {
  const { ways, settled } = waysOf(done, done);
  await ways.open([ONE]);
  await ways.open([ONE]);
  expect(settled).toHaveBeenCalledTimes(1);
  await ways.open([TWO]);
  expect(settled).toHaveBeenCalledTimes(2);
});

it('looks again after a pass that was late: nobody is without a way for good', async () => {
  const { ways, settled } = waysOf(late, done);
  await expect(ways.open([ONE])).rejects.toThrow('not in time');
  await ways.open([ONE]);
  await ways.open([ONE]);
  expect(settled).toHaveBeenCalledTimes(2);
});

it('takes the newest pass for what counts', async () => {
  let reject = (_: Error) => {};
  const { ways, settled } = waysOf(() => new Promise((_, no) => (reject = no)), done);
  const first = expect(ways.open([ONE])).rejects.toThrow('not in time');
  await ways.open([TWO]);
  reject(new DeadlineError('not in time'));
  await first;
  await ways.open([ONE, TWO]);
  expect(settled).toHaveBeenCalledTimes(2);
});
