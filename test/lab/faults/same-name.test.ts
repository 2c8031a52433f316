/** One name created on three hosts at once without a subnet, as compose files do: one network everywhere, nothing left. */
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
const HOSTS = [1, 2, 3];
/** Without a subnet each host chooses one; without `ipam` the engines do, and all the same. */
const FILES = { 'ipam: { driver: tsoverlay }': '\n    ipam: { driver: tsoverlay }', 'no ipam': '' };
const project = (ipam: string) => `
services:
  each:
    image: busybox
    command: sleep infinity
    networks: [app]
networks:
  app:
    driver: tsoverlay${ipam}
`;

let lab: Lab;
beforeAll(async () => {
  await fillCompose([COMPOSE], () => {});
  lab = await Lab.boot({ engine: ENGINE, hosts: HOSTS.length });
});
afterAll(() => lab?.down());

const docker = (host: number, ...args: string[]) => lab.host(host).docker(...args);
const listed = async (host: number) =>
  (await docker(host, 'network', 'ls', '--filter', 'driver=tsoverlay', '--format', '{{.Name}}'))
    .split('\n')
    .filter(Boolean);
const subnet = (host: number, name: string) =>
  docker(host, 'network', 'inspect', '--format', '{{(index .IPAM.Config 0).Subnet}}', name);
const records = async () => (await lab.consul.keys('tsoverlay/networks/')).length;
const isOne = async (name: string) => {
  const lists = await Promise.all(HOSTS.map(listed));
  if (lists.some((names) => names.join() !== name) || (await records()) !== 1) return false;
  return new Set(await Promise.all(HOSTS.map((host) => subnet(host, name)))).size === 1;
};
const isNone = async () => (await Promise.all(HOSTS.map(listed))).flat().length === 0 && (await records()) === 0;
const leftOver = async () =>
  (await lab.consul.keys('tsoverlay/')).filter((k) => /\/(vnis|pools|names|addresses|endpoints)\//.test(k));

it(`the same name without a subnet on three hosts at once, ${TIMES} times`, async () => {
  for (let n = 0; n < TIMES; n++) {
    const name = `twin${n}`;
    const create = ['network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', name];
    const tries = await Promise.all(HOSTS.map((host) => lab.host(host).engine.attempt(...create)));
    for (const { ok, stderr } of tries) if (!ok) expect(stderr).toMatch(/already exists/);
    await within(5_000, `${name} is one network on all hosts`, () => isOne(name));
    await docker((n % HOSTS.length) + 1, 'network', 'rm', name);
    await within(5_000, `${name} is gone`, isNone);
  }
  expect(await leftOver()).toEqual([]);
  await record(
    `the same network create without a subnet on three hosts at once, ${TIMES} times`,
    'one network on all hosts each time, no key left over',
  );
}, 600_000);

it.each(Object.entries(FILES))(
  `docker compose up of a file with %s on three hosts at once, ${UPS} times`,
  async (kind, ipam) => {
    const onHost = (host: number, ...args: string[]) => compose(lab.host(host), COMPOSE, project(ipam), ...args);
    const up = (host: number) => onHost(host, 'up', '-d', '--pull', 'never');
    let again = 0;
    for (let n = 0; n < UPS; n++) {
      for (const [i, { ok, stderr }] of (await Promise.all(HOSTS.map(up))).entries()) {
        if (ok) continue;
        again++;
        expect(stderr).toMatch(/overlaps|already exists|not found/);
        await within(5_000, 'the network is there', async () => (await listed(i + 1)).includes('shop_app'));
        const second = await up(i + 1);
        expect(second.ok, second.stderr).toBe(true);
      }
      // A container that was faster than the others' news keeps its network until it is removed.
      for (const host of HOSTS)
        if ((await records()) > 1) {
          await onHost(host, 'rm', '-sf');
          await within(5_000, 'its network gives way', async () => (await listed(host)).includes('shop_app'));
          expect((await up(host)).ok).toBe(true);
        }
      await within(5_000, 'it is one network on all hosts', () => isOne('shop_app'));
      for (const host of HOSTS) expect((await onHost(host, 'down', '-t', '0')).ok).toBe(true);
      await within(5_000, 'the network is gone', isNone);
      expect(await leftOver()).toEqual([]);
    }
    await record(
      `docker compose up of a file with ${kind} on three hosts at once, ${UPS} times`,
      `${again} ups were told to try again; one network on all hosts each time, nothing left after down`,
    );
  },
  600_000,
);
