import { expect, it } from 'vitest';
import { busySeconds } from '../../../lab/bench/measure/machine.js';

it('a machine is busy with what is neither idle nor waiting nor stolen', () => {
  //            user nice system idle iowait irq softirq steal guest
  const stat = 'cpu  100 20 300 9999 500 7 3 8888 60 0\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 5\n';
  expect(busySeconds(stat)).toBe(4.3);
});
