/** scripts/install.sh as an operator runs it: first, again with another version, and with what can be wrong. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PLUGIN_FOLDER, PLUGIN_NAME } from '../managed-plugin.js';
import { ManagedScene } from '../managed-scene.js';
import { SUPPORTED } from '../tours.js';

const SCRIPT = join(import.meta.dirname, '../../../scripts/install.sh');
/** The machine's own folder is left alone. */
const BIN = '/var/lib/bin';
const STORE = 'CLUSTER_STORE=consul://10.0.0.60:8500';

describe.each(SUPPORTED)('install.sh on %s', (engine) => {
  let scene: ManagedScene;
  const install = (host: number, folder: string, ...settings: string[]) =>
    scene.lab.host(host).host.attempt('env', `FOLDER=${folder}`, `BIN=${BIN}`, 'sh', SCRIPT, ...settings);
  const settings = (host: number) =>
    scene.lab.host(host).docker('plugin', 'inspect', '--format', '{{json .Settings}}', PLUGIN_NAME);

  beforeAll(async () => {
    scene = await ManagedScene.boot(engine, { plugin: false });
  });
  afterAll(() => scene?.lab.down());

  it('names what is wrong with a setting, and what to do', async () => {
    const { ok, stderr } = await install(1, PLUGIN_FOLDER, STORE, 'CLUSTER_ADVERTISE=eth0', 'VXLAN_GUARD=maybe');
    expect(ok).toBe(false);
    expect(stderr).toMatch(/install: the plugin does not start: .*\n +Put it right with: docker plugin set/);
  });

  it('names a Consul that does not answer, and what to do', async () => {
    const away = 'CLUSTER_STORE=consul://10.0.0.60:8599';
    const { ok, stderr } = await install(1, PLUGIN_FOLDER, away, 'CLUSTER_ADVERTISE=eth0', 'VXLAN_GUARD=on');
    expect(ok).toBe(false);
    expect(stderr).toMatch(/the cluster store is out of reach.*\n +Can this host reach Consul\? curl/);
    expect(await scene.docker(1, 'network ls --filter driver=tsoverlay --quiet')).toBe('');
  });

  it('installs on every host, and tries it', async () => {
    const own = ['LOG_LEVEL=debug', 'data.source=/var/lib/elsewhere'];
    for (const host of [1, 2]) {
      await scene.lab.host(host).run('mkdir', '-p', '/var/lib/elsewhere', BIN);
      const { ok, stderr } = await install(host, PLUGIN_FOLDER, STORE, 'CLUSTER_ADVERTISE=eth0', ...own);
      expect(stderr).toContain('a network and a container in it work');
      expect(ok, stderr).toBe(true);
      expect(await scene.docker(host, 'network ls --filter driver=tsoverlay --quiet')).toBe('');
    }
    await scene.furnish();
    await scene.bothAnswer(5_000);
  });

  it("has the operator's commands", async () => {
    const tsoverlay = (...args: string[]) => scene.lab.host(2).host.attempt(`${BIN}/tsoverlay`, ...args);
    const { stdout } = await tsoverlay('status');
    for (const known of ['10.0.0.60', '10.0.0.61', 'one']) expect(stdout).toContain(known);
    const { ok, stderr } = await tsoverlay('node', 'forget', '10.0.0.60', '--yes');
    expect(ok).toBe(false);
    expect(stderr.trim()).toBe('tsoverlay: node 10.0.0.60 is alive; stop tsoverlay on it first, or leave it alone');
  });

  it('replaces it, keeps its settings, and disturbs nobody', async () => {
    const ping = scene.docker(1, `exec keep1 ping -i 0.05 -c 500 ${await scene.addressOf(2, 'keep2')}`);
    for (const host of [1, 2]) {
      const before = await settings(host);
      await scene.variant(host, 'next');
      const { ok, stderr } = await install(host, '/var/lib/next');
      expect(ok, stderr).toBe(true);
      expect(await settings(host)).toBe(before);
      expect(await scene.docker(host, `plugin inspect --format {{.Config.Description}} ${PLUGIN_NAME}`)).toContain(
        'next',
      );
    }
    expect(await ping).toContain('500 packets transmitted, 500 packets received, 0% packet loss');
    await scene.bothAnswer(5_000);
  });
});
