/** A host loses its power under load and comes back; one that stays away harms nobody. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { within } from '../waiting.js';
import { record } from './record.js';
import { Scene } from './scene.js';

const STATIC = '172.16.1.77';

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.boot({ hosts: 3, durableConsul: true });
  await scene.run(1, 'here');
  await scene.run(3, 'beyond');
  await scene.run(2, 'fixed', '--restart=always', '--ip', STATIC);
  await scene.run(2, 'free', '--restart=always');
});
afterAll(() => scene?.down());

it('power loss of a host with --ip containers and restart=always', async () => {
  const dead = scene.lab.host(2);
  await scene.docker(1, 'exec', '-d', 'here', 'ping', '-i', '0.2', STATIC);
  await scene.lab.powerLoss(dead);
  expect(await scene.pings(1, 'here', 'beyond'), 'others are unharmed').toBe(true);
  await scene.lab.powerOn(dead);
  const back = await within(10_000, 'fixed answers by its name', () => scene.pings(1, 'here', 'fixed'));
  expect(await scene.address(2, 'fixed')).toBe(STATIC);
  const free = await within(10_000, 'free answers by its name', () => scene.pings(3, 'beyond', 'free'));
  const fdb = async () =>
    (await scene.inside(1, 'bridge fdb show dev vxlan0')).split('\n').filter((l) => l.includes(dead.address));
  await within(2_000, 'its peer has the entries of the living alone', async () => (await fdb()).length === 2);
  await within(95_000, 'nothing is left of the endpoints before', async () => {
    const [endpoints, leases] = [await scene.keys('/endpoints/'), await scene.keys('/addresses/')];
    return endpoints.length === 4 && leases.length === 5;
  });
  expect(await scene.pluginLog(2)).not.toContain('already in use');
  await record(
    'power loss of a host under load, with --ip and restart=always',
    `same static address at once; after dockerd served again its name answered in ${back} ms, the other's in ${free} ms; 4 endpoints and 5 addresses, none over`,
  );
});

it('a host that never returns harms nobody', async () => {
  await scene.lab.powerLoss(scene.lab.host(2));
  await scene.run(3, 'later');
  expect(await scene.pings(1, 'here', 'later')).toBe(true);
  expect(await scene.pings(3, 'later', 'here')).toBe(true);
  const taken = await scene.lab
    .host(3)
    .engine.attempt('run', '--rm', '--net', 'one', '--ip', STATIC, 'busybox', 'true');
  expect(taken.ok).toBe(false);
  expect(taken.stderr).toContain(`address ${STATIC} is already held by container fixed on host docker02`);
  await record(
    'a host that never returns',
    'others attach, resolve and talk; its addresses stay its own, refused with one sentence',
  );
});
