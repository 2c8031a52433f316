/** A host's cable is pulled and plugged in again: each side goes on by itself, and both are one again afterwards. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { within } from '../waiting.js';
import { ourWords, record } from './record.js';
import { Scene } from './scene.js';

const CUT_S = 60;

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.boot({ hosts: 3, durableConsul: true });
  for (const host of [1, 2, 3]) await scene.run(host, `keep${host}`);
  await scene.run(3, 'mate3');
});
afterAll(() => scene?.down());

it(`cable cut for ${CUT_S} s with both sides active`, async () => {
  const { lab } = scene;
  await lab.lan.cut('docker03');
  const start = Date.now();
  expect(await scene.pings(3, 'keep3', 'mate3'), 'names and traffic inside').toBe(true);
  const made = scene.run(1, 'during');
  const refused = lab.host(3).engine.attempt('run', '-d', '--name', 'orphan', '--net', 'one', 'busybox', 'true');
  await made;
  expect(await scene.pings(2, 'keep2', 'during')).toBe(true);
  const { ok, stderr } = await refused;
  expect(ok).toBe(false);
  await sleep(Math.max(0, CUT_S * 1000 - (Date.now() - start)));
  expect(await scene.pings(3, 'mate3', 'keep3'), 'still').toBe(true);
  await lab.lan.join('docker03');
  const joined = await within(2_000, 'names of the other side', () => scene.pings(3, 'keep3', 'during'));
  const other = await within(2_000, 'and the other way', () => scene.pings(1, 'during', 'keep3'));
  for (const host of [1, 2, 3])
    expect(await scene.docker(host, 'inspect', '--format', '{{.State.Running}}', `keep${host}`)).toBe('true');
  await within(
    95_000,
    'nothing is left of the refused one',
    async () => (await scene.keys('/addresses/')).length === 6,
  );
  await record(
    `cable cut for ${CUT_S} s, both sides active`,
    `traffic and names inside go on; a new address is refused with "${ourWords(stderr)}"; names of the other side ${joined + other} ms after joining; nobody evicted, no address left over`,
  );
});
