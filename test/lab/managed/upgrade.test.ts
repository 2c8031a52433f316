/** The plugin out of a registry: installed with one command, upgraded with another, while containers talk. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PLUGIN_NAME } from '../managed-plugin.js';
import { ManagedScene } from '../managed-scene.js';
import { registryAt, startRegistry } from '../registry.js';
import { SUPPORTED } from '../tours.js';
import { within } from '../waiting.js';

const REGISTRY = registryAt('10.0.0.60');
const version = (n: number) => `${REGISTRY}/${PLUGIN_NAME}:${n}`;

describe.each(SUPPORTED)('docker plugin install and upgrade on %s', (engine) => {
  let scene: ManagedScene;
  const settings = (host: number) => scene.docker(host, `plugin inspect --format {{.Settings.Env}} ${PLUGIN_NAME}`);

  beforeAll(async () => {
    scene = await ManagedScene.boot(engine, { plugin: false, engineOptions: ['--insecure-registry', REGISTRY] });
    await startRegistry(scene.lab.host(1));
    for (const n of [1, 2]) {
      await scene.plugin(1).install(await scene.variant(1, `release${n}`), version(n));
      await scene.docker(1, `plugin push ${version(n)}`);
      await scene.docker(1, `plugin rm ${version(n)}`);
    }
  });
  afterAll(() => scene?.lab.down());

  it('one command a host', async () => {
    for (const host of [1, 2]) {
      const wanted = `CLUSTER_STORE=consul://10.0.0.60:8500 CLUSTER_ADVERTISE=${scene.lab.host(host).address}`;
      await scene.lab.host(host).run('mkdir', '-p', '/var/lib/tsoverlay');
      await scene.docker(host, `plugin install --grant-all-permissions --alias ${PLUGIN_NAME} ${version(1)} ${wanted}`);
    }
    await scene.furnish();
    await scene.bothAnswer(5_000);
  });

  it('an upgrade keeps the settings and loses no packet', async () => {
    const address = await scene.addressOf(2, 'keep2');
    const ping = scene.docker(1, `exec keep1 ping -i 0.05 -c 500 ${address}`);
    for (const host of [1, 2]) {
      const before = await settings(host);
      await scene.docker(host, `plugin disable -f ${PLUGIN_NAME}`);
      await scene.docker(
        host,
        `plugin upgrade --grant-all-permissions --skip-remote-check ${PLUGIN_NAME} ${version(2)}`,
      );
      await scene.docker(host, `plugin enable ${PLUGIN_NAME}`);
      expect(await settings(host)).toBe(before);
      const inspected = await scene.docker(host, `plugin inspect --format {{.Config.Description}} ${PLUGIN_NAME}`);
      expect(inspected).toContain('release2');
      const log = () => readFileSync(scene.plugin(host).log(), 'utf8');
      await within(10_000, 'the cluster is loaded', async () => log().includes('cluster loaded'));
    }
    expect(await ping).toContain('500 packets transmitted, 500 packets received, 0% packet loss');
    await scene.docker(1, 'run --rm --net one busybox ping -c1 -W1 keep2');
    await scene.bothAnswer(5_000);
  });
});
