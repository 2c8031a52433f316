/** A short run of the fault suite's random work, as `npm run test:faults` does it for longer. */
import { afterAll, beforeAll, it } from 'vitest';
import { bootWorld, randomRun } from './faults/random-run.js';
import { draw } from './faults/schedule.js';
import type { Lab } from './lab.js';

const HOSTS = 3;
const SEED = 1;
const SECONDS = 20;

let lab: Lab;
beforeAll(async () => {
  lab = await bootWorld({ hosts: HOSTS });
});
afterAll(() => lab?.down());

it(`${SECONDS} s of random work under faults`, async () => {
  await randomRun(lab, draw(SEED, SECONDS, HOSTS), 'short');
});
