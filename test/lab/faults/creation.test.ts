/** The same `network create` on two hosts at once: one network, or one clear loser, and both hosts agree. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fillCompose } from '../cache.js';
import { compose } from '../compose.js';
import { ENGINE } from '../engine-choice.js';
import { Lab } from '../lab.js';
import { within } from '../waiting.js';
import { record } from './record.js';

const TIMES = 50;
const UPS = 10;
const COMPOSE = '2.40.3';
const PROJECT = `
services:
  each:
    image: busybox
    command: sleep infinity
    networks: [app]
networks:
  app:
    driver: tsoverlay
    ipam:
      driver: tsoverlay
      config: [{ subnet: 172.16.9.0/24 }]
`;
const CREATE = ['network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay'];

let lab: Lab;
beforeAll(async () => {
  await fillCompose([COMPOSE], () => {});
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

const onHost = (host: number, ...args: string[]) => compose(lab.host(host), COMPOSE, PROJECT, ...args);
const up = (host: number) => onHost(host, 'up', '-d', '--pull', 'never');

it(`docker compose up of one project on two hosts at once, ${UPS} times`, async () => {
  let [losers, containers] = [0, 0];
  for (let n = 0; n < UPS; n++) {
    for (const [i, { ok, stderr }] of (await Promise.all([up(1), up(2)])).entries()) {
      if (ok) continue;
      losers++;
      expect(stderr).toMatch(/overlaps 172\.16\.9\.0\/24|already exists|is being created/);
      await within(5_000, 'the network is there', async () => (await listed(i + 1)).includes('shop_app'));
      const again = await up(i + 1);
      expect(again.ok, again.stderr).toBe(true);
    }
    await within(5_000, 'it is one network on both hosts', async () => {
      const [a, b] = await Promise.all([listed(1), listed(2)]);
      return a.join() === 'shop_app' && b.join() === 'shop_app' && (await records()) === 1;
    });
    const addresses = await Promise.all(
      [1, 2].map((host) =>
        lab.host(host).docker('inspect', '--format', '{{.NetworkSettings.Networks.shop_app.IPAddress}}', 'shop-each-1'),
      ),
    );
    expect(new Set(addresses).size, 'an address each').toBe(2);
    for (const [i, address] of [addresses[1] ?? '', addresses[0] ?? ''].entries())
      await within(
        2_000,
        'they reach each other',
        async () => (await lab.host(i + 1).engine.attempt('exec', 'shop-each-1', 'ping', '-c1', '-W1', address)).ok,
      );
    containers += addresses.length;
    for (const host of [1, 2]) expect((await onHost(host, 'down', '-t', '0')).ok).toBe(true);
    await within(5_000, 'the network is gone', async () => {
      const [a, b] = await Promise.all([listed(1), listed(2)]);
      return a.length === 0 && b.length === 0 && (await records()) === 0;
    });
  }
  await record(
    `docker compose up of one project on two hosts at once, ${UPS} times`,
    `${losers} times one was told so and succeeded at its second try; one network on both hosts each time, ${containers} containers with an address each that reach each other, nothing left after down`,
  );
});
