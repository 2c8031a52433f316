/** Consul stops answering, or dies in the middle of fifty `docker run`: traffic and names go on, nothing leaks. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { within } from '../waiting.js';
import { ourWords, record } from './record.js';
import { lost, Scene } from './scene.js';

const AWAY_S = 60;
const RUNS = 50;

let scene: Scene;
let address: string;
beforeAll(async () => {
  scene = await Scene.boot({ durableConsul: true });
  await scene.run(1, 'here');
  address = await scene.run(2, 'there');
});
afterAll(() => scene?.down());

it.each([
  ['silent', { leave: () => scene.lab.consul.freeze(), back: () => scene.lab.consul.thaw() }],
  ['stopped', { leave: () => scene.lab.consul.stop(), back: () => scene.lab.consul.start() }],
])(`Consul %s for ${AWAY_S} s`, async (how, { leave, back }) => {
  const pings = scene.docker(1, 'exec', 'here', 'ping', '-i', '0.1', '-c', String(AWAY_S * 10), address);
  await leave();
  const start = Date.now();
  const refused = await scene.lab.host(2).engine.attempt('run', '--rm', '--net', 'one', 'busybox', 'true');
  const took = Date.now() - start;
  expect(refused.ok).toBe(false);
  expect(took).toBeLessThan(25_000);
  expect(await scene.pings(1, 'here', 'there'), 'names answer').toBe(true);
  await sleep(Math.max(0, AWAY_S * 1000 - (Date.now() - start)));
  expect(await scene.pings(2, 'there', 'here'), 'names answer still').toBe(true);
  await back();
  expect(lost(await pings)).toBe(0);
  const again = await within(
    15_000,
    'containers start again',
    async () => (await scene.lab.host(2).engine.attempt('run', '--rm', '--net', 'one', 'busybox', 'true')).ok,
  );
  await within(95_000, 'two endpoints, two addresses and the gateway', async () => {
    const [endpoints, leases] = [await scene.keys('/endpoints/'), await scene.keys('/addresses/')];
    return endpoints.length === 2 && leases.filter((k) => !k.includes('/released/')).length === 3;
  });
  await record(
    `Consul ${how} for ${AWAY_S} s`,
    `0 of ${AWAY_S * 10} packets lost, names answered; docker run refused after ${(took / 1000).toFixed(1)} s with "${ourWords(refused.stderr)}"; containers start ${again} ms after its return`,
  );
});

it(`Consul kill -9 in the middle of ${RUNS} docker run`, async () => {
  const { consul } = scene.lab;
  const names = Array.from({ length: RUNS }, (_, n) => `c${n}`);
  const runs = names.map((name, n) =>
    scene.lab
      .host((n % 2) + 1)
      .engine.attempt('run', '-d', '--name', name, '--net', 'one', 'busybox', 'sleep', 'infinity'),
  );
  let ended = 0;
  for (const r of runs)
    void r.then(() => {
      ended++;
    });
  await sleep(2_500);
  const underWay = RUNS - ended;
  expect(underWay, 'the kill comes in the middle').toBeGreaterThan(0);
  await consul.kill();
  await sleep(3_000);
  await consul.start();
  const outcomes = await Promise.all(runs);
  const started = names.filter((_, n) => outcomes[n]?.ok);
  const sentences = outcomes.filter((o) => !o.ok).map((o) => o.stderr.split('\n')[0] ?? '');
  for (const words of sentences) expect(words).toContain('tsoverlay');
  const addresses = await Promise.all(started.map((name) => scene.address((names.indexOf(name) % 2) + 1, name)));
  expect(new Set(addresses).size).toBe(started.length);
  const leased = async () => (await scene.keys('/addresses/')).length;
  const settled = await within(
    100_000,
    'an address per container, and the gateway',
    async () => (await leased()) === started.length + 3,
  );
  expect((await scene.keys('/endpoints/')).length).toBe(started.length + 2);
  const targets = started.join(' ');
  const missed = await scene.docker(
    1,
    'exec',
    'here',
    'sh',
    '-c',
    `for c in ${targets}; do ping -c1 -W2 $c >/dev/null || echo $c; done`,
  );
  expect(missed).toBe('');
  await record(
    `Consul kill -9 in the middle of ${RUNS} docker run`,
    `${underWay} under way at the kill; ${started.length} started, ${sentences.length} refused with one sentence; all of them reachable by name, no address twice, none over after ${Math.round(settled / 1000)} s`,
  );
});
