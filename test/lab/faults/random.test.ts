/**
 * Random work on three hosts while faults strike. `npm run test:faults -- --seed 7 --seconds 300` runs a longer one; what
 * a seed draws is always the same, how the hosts interleave is not.
 */
import { afterAll, beforeAll, it } from 'vitest';
import { ENGINE } from '../engine-choice.js';
import type { Lab } from '../lab.js';
import { bootWorld, randomRun } from './random-run.js';
import { record } from './record.js';
import { draw } from './schedule.js';

const HOSTS = 3;
const SEED = Number(process.env.FAULT_SEED ?? 1);
const SECONDS = Number(process.env.FAULT_SECONDS ?? 45);

let lab: Lab;
beforeAll(async () => {
  lab = await bootWorld({ hosts: HOSTS });
});
afterAll(() => lab?.down());

it(
  `${SECONDS} s of random work under faults, seed ${SEED}, Docker ${ENGINE}`,
  async () => {
    const seen = await randomRun(lab, draw(SEED, SECONDS, HOSTS), `${SEED}-${ENGINE}`);
    await record(`random work under faults, seed ${SEED}, ${SECONDS} s`, seen);
  },
  (SECONDS + 400) * 1000,
);
