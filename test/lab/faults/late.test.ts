/** dockerd boots while the plugin is not there: what a restart policy promises comes true once it is. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ENGINE } from '../engine-choice.js';
import { Lab } from '../lab.js';
import { within } from '../waiting.js';
import { record } from './record.js';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.boot({ engine: ENGINE, hosts: 1 });
  await docker('network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', 'one');
  for (const [name, policy] of [
    ['always', 'always'],
    ['failing', 'on-failure'],
    ['stopped', 'unless-stopped'],
  ] as const)
    await docker(
      'run',
      '-d',
      '--name',
      name,
      `--restart=${policy}`,
      '--network',
      'one',
      'busybox',
      'sleep',
      'infinity',
    );
  await docker('stop', '-t', '0', 'stopped');
});
afterAll(() => lab?.down());

const docker = (...args: string[]) => lab.host(1).docker(...args);
const state = (name: string, field: string) => docker('inspect', '--format', `{{.State.${field}}}`, name);

it.each([
  [
    'is missing',
    async () => {
      await lab.host(1).plugin.stop();
      await lab.host(1).run('rm', '-f', '/run/docker/plugins/tsoverlay.sock');
    },
  ],
  ['has left a dead socket', () => lab.host(1).plugin.kill()],
] as const)('containers run within 5 s of the plugin, which %s while dockerd boots', async (how, leave) => {
  const { engine, plugin } = lab.host(1);
  await engine.stop();
  await leave();
  // For each container it waits for the plugin, some 15 s with each of several calls: longer than a boot usually may take.
  await engine.start().catch(() => undefined);
  await within(180_000, 'dockerd answers', async () => (await engine.attempt('version')).ok);
  expect(await state('always', 'Running'), 'the engine could not').toBe('false');
  const error = await state('always', 'Error');
  await plugin.start();
  await within(5_000, `it runs, after: ${error}`, async () => (await state('always', 'Running')) === 'true');
  expect((await engine.attempt('exec', 'always', 'ping', '-c1', '-W2', 'always')).ok, 'by its name').toBe(true);
  expect(await state('stopped', 'Running'), 'a person stopped it').toBe('false');
  await record(
    `dockerd boots while the plugin ${how}`,
    'containers with a restart policy run within 5 s of its being there; one that a person stopped does not',
  );
});
