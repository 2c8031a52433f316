import { expect, it } from 'vitest';
import type { Cidr } from '../../../../src/model/values/types.js';
import { chooseVnis } from '../../../../src/registry/networks/vnis.js';

const store = { get: async () => undefined, keys: async () => ['vnis/256'] };
const subnets = [{ pool: '10.9.0.0/24' as Cidr, aux: {} }];
const choose = (...wanted: readonly number[]) => chooseVnis(store, subnets, wanted, () => 'first');

it('takes the lowest that is free, or the one that was asked for, however low', async () => {
  expect(await choose()).toEqual([257]);
  expect(await choose(77)).toEqual([77]);
});

it('gives nobody the one that probes need', async () => {
  await expect(choose(255)).rejects.toThrow(
    "VXLAN id 255 is tsoverlay's own, by which hosts find out how they reach each other; choose another",
  );
});
