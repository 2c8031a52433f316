/** The operator's commands where tsoverlay is a managed plugin: while it runs, is disabled, does not start, and without the engine. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PLUGIN_NAME } from '../managed-plugin.js';
import { ManagedScene } from '../managed-scene.js';

const SCRIPT = join(import.meta.dirname, '../../../scripts/tsoverlay.sh');
const ELSEWHERE = '/var/lib/elsewhere';

let scene: ManagedScene;
const tsoverlay = (...words: string[]) => scene.lab.host(1).host.attempt('sh', SCRIPT, ...words);

beforeAll(async () => {
  scene = await ManagedScene.boot('28.5.2', { plugin: false });
  for (const host of [1, 2]) {
    await scene.lab.host(host).run('mkdir', '-p', ELSEWHERE);
    await scene.plugin(host).install();
    await scene.docker(host, `plugin set ${PLUGIN_NAME} data.source=${ELSEWHERE}`);
    await scene.plugin(host).start();
  }
  await scene.furnish();
  await scene.bothAnswer(10_000);
});
afterAll(() => scene?.lab.down());

/** What each of them knows all the same. */
async function expectKnown(away: RegExp): Promise<void> {
  const { stdout, status } = await tsoverlay('status');
  expect(stdout).toMatch(/^ {2}one {2}172\.16\.5\.0\/24/m);
  expect(stdout).toMatch(away);
  expect(status).toBe(1);
  const traced = await tsoverlay('trace', 'keep1', 'keep2');
  expect(traced.stdout).toMatch(/^ok {5}FDB \(MAC → host\)/m);
}

it('answer while it runs, at the host’s admin socket too', async () => {
  const { stdout, stderr } = await tsoverlay('status');
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^this host: 10\.0\.0\.60, id [0-9a-f]{8}, serves since /m);
  expect(await scene.lab.host(1).run('stat', '-c', '%a %F', '/run/docker/tsoverlay/admin.sock')).toBe('600 socket');
  expect(await tsoverlay('trace', 'keep1', 'keep2')).toMatchObject({ status: 0 });
  expect(await tsoverlay('dns', 'keep2', '--from', 'keep1')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('answered by tsoverlay'),
  });
  const host = scene.lab.host(1);
  await host.run('sh', '-ec', `cd ${ELSEWHERE}; sh ${SCRIPT} report`);
  expect(await host.run('sh', '-c', `tar -tf ${ELSEWHERE}/tsoverlay-docker01-*.tar`)).toContain('/kernel.json');
});

it('write a report where they were told to, and show the host’s own paths', async () => {
  const host = scene.lab.host(1);
  const said = await host.run('sh', '-ec', `cd ${ELSEWHERE}; sh ${SCRIPT} report --html --output 'my cluster.html'`);
  expect(said).toMatch(/^my cluster\.html: \d{4,} bytes; /);
  expect(await host.run('grep', '-c', '<!doctype html>', `${ELSEWHERE}/my cluster.html`)).toBe('1');
  const json = await host.run('sh', SCRIPT, 'report', '--json', `--output=${ELSEWHERE}/r.tar`);
  const { file, bytes } = JSON.parse(json) as { file: string; bytes: number };
  expect([file, String(bytes)]).toEqual([
    `${ELSEWHERE}/r.tar`,
    await host.run('stat', '-c', '%s', `${ELSEWHERE}/r.tar`),
  ]);
  expect(await host.run('sh', '-c', `sh ${SCRIPT} report --output - | tar -t`)).toContain('/kernel.json');
  const { stdout } = await host.host.attempt('timeout', '5', 'sh', SCRIPT, 'ui');
  expect(stdout).toContain('ssh -L 8080:/run/docker/tsoverlay/admin.sock root@');
});

it('are not taken in by a process that calls itself the plugin', async () => {
  const named = '/usr/lib/tsoverlay/main.mjs';
  await scene.docker(1, `run -d --name stranger -e CLUSTER_STORE=file busybox tail -f /dev/null ${named}`);
  expect(await scene.lab.host(1).run('sh', '-c', `grep -c ${named} /proc/[0-9]*/cmdline | grep -c :[1-9]`)).not.toBe(
    '0',
  );
  await scene.plugin(1).stop();
  await expectKnown(/^tsoverlay does not serve on this host: /m);
  await scene.plugin(1).start();
  expect((await tsoverlay('status')).stdout).toMatch(/^this host: 10\.0\.0\.60, id [0-9a-f]{8}, serves since /m);
  await scene.docker(1, 'rm -f stranger');
});

it('without a word says what there is, and serves nobody', async () => {
  expect((await tsoverlay()).stdout).toContain('Usage: tsoverlay');
});

it('answer while it is disabled', async () => {
  await scene.plugin(1).stop();
  await expectKnown(/^tsoverlay does not serve on this host: .* at \/run\/docker\/plugins\/.*; it did until \S+Z$/m);
  expect((await tsoverlay('events')).stdout).toContain('serving: serving');
});

it('answer while it does not start', async () => {
  await scene.docker(1, `plugin set ${PLUGIN_NAME} VXLAN_PORT=4790`);
  expect((await scene.lab.host(1).engine.attempt('plugin', 'enable', PLUGIN_NAME)).ok).toBe(false);
  await expectKnown(/^tsoverlay does not serve on this host: /m);
  await scene.docker(1, `plugin set ${PLUGIN_NAME} VXLAN_PORT=4789`);
});

it('answer without the engine', async () => {
  await scene.lab.host(1).engine.kill();
  await expectKnown(/^tsoverlay does not serve on this host: /m);
});

it('leave no mount behind', async () => {
  expect(await scene.lab.host(1).run('sh', '-c', 'grep -c "/rootfs/host/" /proc/mounts || true')).toBe('0');
});
