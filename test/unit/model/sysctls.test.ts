import { expect, it } from 'vitest';
import { SYSCTLS, sysctlSteps } from '../../../src/model/host/sysctls.js';

const all = new Map(SYSCTLS.map(({ name, least }) => [name, least]));

it('watches of epoll, which libuv ends the process without, are counted per user: the containers of root have them too', () => {
  const [name, was] = ['fs/epoll/max_user_watches', 5_491_489];
  const [step, ...more] = sysctlSteps(SYSCTLS, new Map(all).set(name, was));
  expect([step, more]).toEqual([{ kind: 'raiseSysctl', name, value: 2 ** 31 - 1, was, reason: `it is ${was}` }, []]);
  expect(sysctlSteps(SYSCTLS, new Map(all).set(name, 2 ** 63))).toEqual([]);
});
