/** The same `network create` on two hosts at once: one network, or one clear loser, and both hosts agree. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Lab } from '../lab.js';
import { within } from '../waiting.js';
import { ENGINE } from './engine-choice.js';
import { record } from './record.js';

const TIMES = 50;
const CREATE = ['network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay'];

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.boot({ engine: ENGINE });
});
afterAll(() => lab?.down());

const listed = async (host: number) =>
  (await lab.host(host).docker('network', 'ls', '--filter', 'driver=tsoverlay', '--format', '{{.Name}}'))
    .split('\n')
    .filter(Boolean);
const records = async () => (await lab.consul.keys('tsoverlay/networks/')).length;

it(`the same network create on two hosts at once, ${TIMES} times`, async () => {
  const outcomes = { one: 0, loser: 0 };
  for (let n = 0; n < TIMES; n++) {
    const name = `twin${n}`;
    const tries = await Promise.all(
      [1, 2].map((host) => lab.host(host).engine.attempt(...CREATE, '--subnet', '172.16.1.0/24', name)),
    );
    const won = tries.filter((t) => t.ok).length;
    outcomes[won === 2 ? 'one' : 'loser']++;
    expect(won, tries.map((t) => t.stderr).join(' | ')).toBeGreaterThan(0);
    await within(5_000, `${name} is one network on both hosts`, async () => {
      const [a, b] = await Promise.all([listed(1), listed(2)]);
      return a.join() === name && b.join() === name && (await records()) === 1;
    });
    await lab.host((n % 2) + 1).docker('network', 'rm', name);
    await within(5_000, `${name} is gone`, async () => {
      const [a, b] = await Promise.all([listed(1), listed(2)]);
      return a.length === 0 && b.length === 0 && (await records()) === 0;
    });
  }
  const left = (await lab.consul.keys('tsoverlay/')).filter((k) => /\/(vnis|pools|names|addresses)\//.test(k));
  expect(left).toEqual([]);
  await record(
    `the same network create on two hosts at once, ${TIMES} times`,
    `${outcomes.loser} times one was told so, ${outcomes.one} times both succeeded; one network on both hosts each time, no key left over`,
  );
});
