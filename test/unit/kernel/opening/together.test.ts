import { expect, it } from 'vitest';
import { together } from '../../../../src/kernel/opening/together.js';

it('closes what it has opened, the last first, when something cannot be', () => {
  const closed: string[] = [];
  const open = (last: () => string) =>
    together((keep) => [...['a', 'b'].map((name) => keep(name, (opened) => closed.push(opened))), last()]);
  expect(open(() => 'c')).toEqual(['a', 'b', 'c']);
  expect(closed).toEqual([]);
  expect(() =>
    open(() => {
      throw new Error('EMFILE');
    }),
  ).toThrow('EMFILE');
  expect(closed).toEqual(['b', 'a']);
});
