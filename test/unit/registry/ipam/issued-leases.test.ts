import { expect, it } from 'vitest';
import type { Cidr, Ip } from '../../../../src/model/values/types.js';
import { IssuedLeases } from '../../../../src/registry/ipam/issued-leases.js';

const [pool, address] = ['172.16.0.0/16' as Cidr, '172.16.0.9' as Ip];

it('nothing is remembered of a lease that is no more', () => {
  const issued = new IssuedLeases();
  issued.begin(pool, address);
  issued.written(pool, address, 7);
  issued.settle(issued.owe(pool, address));
  expect([issued.isOfThisProcess({ pool, address }), issued.take(pool, address)]).toEqual([false, undefined]);
});

it('one that was given out again while the former one was looked at is', () => {
  const issued = new IssuedLeases();
  issued.begin(pool, address);
  const former = issued.owe(pool, address);
  issued.begin(pool, address);
  issued.written(pool, address, 8);
  issued.settle(former);
  expect([issued.isOfThisProcess({ pool, address }), issued.take(pool, address)]).toEqual([true, 8]);
});
