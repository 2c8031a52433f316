/** The short part of test/lab/operate: the operator's commands on one look, in forty seconds. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { trace } from '../../src/cli/commands/trace.js';
import { statusJson } from '../../src/cli/status-report.js';
import { Scene } from './faults/scene.js';
import { json, tsoverlay } from './operate/operator.js';
import { within } from './waiting.js';

let scene: Scene;
const host = () => scene.lab.host(1);
const broken = async () =>
  trace.json
    .parse(await json(host(), 'trace', 'c1', 'c2'))
    .links.filter(({ ok }) => !ok)
    .map(({ link }) => link);

beforeAll(async () => {
  scene = await Scene.boot({ hosts: 2, durableConsul: true });
  await scene.run(1, 'c1');
  await scene.run(2, 'c2');
});
afterAll(() => scene?.down());

it('says that all is well', async () => {
  expect((await tsoverlay(host(), 'status', '--wait', '20')).status).toBe(0);
  expect((await tsoverlay(host(), 'ipam', 'check')).status).toBe(0);
  await within(5_000, 'no link is broken', async () => (await broken()).length === 0);
});

it('finds the first thing that is wrong while tsoverlay and Consul are dead', async () => {
  await host().plugin.kill();
  await scene.lab.consul.kill();
  await scene.inside(1, `ip neigh del ${await scene.address(2, 'c2')} dev vxlan0`);
  expect(await broken()).toEqual(['name', 'neighbour']);
  expect(statusJson.parse(await json(host(), 'status'))).toMatchObject({
    away: expect.stringContaining('it did until'),
    read: { from: 'copy' },
    nodes: [{ hostname: 'docker01' }, { hostname: 'docker02' }],
  });
  expect((await tsoverlay(host(), 'events')).stdout).toContain('serving: serving');
});

it('offers what a shell asks for', async () => {
  for (const shell of ['bash', 'zsh']) {
    const { stdout } = await tsoverlay(host(), 'completion', shell);
    await host().run(shell, '-n', '-c', stdout);
  }
  expect((await tsoverlay(host(), 'completion', 'containers')).stdout.split('\n')).toContain('c1');
});
