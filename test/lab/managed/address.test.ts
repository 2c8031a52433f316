/** A host with the managed plugin that gets another address: at run time, over a boot, and with live-restore. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../command.js';
import { lost } from '../faults/scene.js';
import { ROUTER } from '../lan.js';
import { ManagedScene } from '../managed-scene.js';
import { SUPPORTED } from '../tours.js';
import { within } from '../waiting.js';

const [FIRST, SECOND, THIRD] = ['10.0.0.61', '10.0.0.71', '10.0.0.72'] as const;

describe.each(SUPPORTED)('another address, with the managed plugin on %s', (engine) => {
  let scene: ManagedScene;
  const change = async (from: string, to: string) => {
    const ip = (...args: string[]) => run(['ip', '-n', scene.lab.host(2).host.machineName, ...args]);
    await ip('address', 'del', `${from}/24`, 'dev', 'eth0');
    await ip('address', 'add', `${to}/24`, 'dev', 'eth0');
    await ip('route', 'replace', 'default', 'via', ROUTER);
  };
  const idAt = async (address: string): Promise<unknown> =>
    JSON.parse((await scene.lab.consul.value(`tsoverlay/nodes/${address}`)) ?? '{}').id;
  /** Only the host's new key is there, with the id of before; nothing of the old address is left anywhere. */
  const movedTo = async (to: string, id: unknown, ...old: string[]) => {
    expect(await idAt(to)).toBe(id);
    await within(5_000, 'its former key is gone', async () =>
      (await scene.lab.consul.keys('tsoverlay/nodes/')).every((key) => old.every((o) => !key.endsWith(`/${o}`))),
    );
    for (const key of await scene.lab.consul.keys('tsoverlay/'))
      for (const o of old) expect((await scene.lab.consul.value(key)) ?? '', key).not.toContain(`"${o}"`);
  };

  beforeAll(async () => {
    scene = await ManagedScene.boot(engine, { engineOptions: ['--live-restore'] });
    await scene.furnish();
    await scene.keep(2, 'neighbour');
    await scene.bothAnswer(5_000);
  });
  afterAll(() => scene?.lab.down());

  it('docker plugin set, while dockerd and its containers run on', async () => {
    const id = await idAt(FIRST);
    const card = () => scene.docker(2, 'exec keep2 cat /sys/class/net/eth0/address /sys/class/net/eth0/ifindex');
    const before = await card();
    const among = scene.docker(2, `exec keep2 ping -i 0.05 -c 300 ${await scene.addressOf(2, 'neighbour')}`);
    await scene.plugin(2).stop();
    await change(FIRST, SECOND);
    await scene.plugin(2).start({ CLUSTER_ADVERTISE: SECOND });
    await scene.bothAnswer(3_000);
    expect(lost(await among), 'among themselves').toBe(0);
    expect(await card()).toBe(before);
    await movedTo(SECOND, id, FIRST);
  });

  it('a boot with another one, of the interface that is advertised', async () => {
    await scene.plugin(2).stop();
    await scene.plugin(2).start({ CLUSTER_ADVERTISE: 'eth0' });
    const id = await idAt(SECOND);
    await scene.bothAnswer(10_000);
    await scene.lab.powerLoss(scene.lab.host(2));
    await change(SECOND, THIRD);
    await scene.lab.powerOn(scene.lab.host(2));
    await scene.bothAnswer(30_000);
    await movedTo(THIRD, id, FIRST, SECOND);
  });

  it('with live-restore: the engine starts the plugin anew after a kill, then dockerd itself is restarted', async () => {
    const id = await idAt(THIRD);
    const started = () => scene.docker(2, 'inspect --format {{.State.StartedAt}} keep2 neighbour');
    const before = await started();
    await change(THIRD, FIRST);
    await scene.plugin(2).kill();
    await scene.bothAnswer(10_000);
    await scene.lab.host(2).engine.restart();
    await scene.bothAnswer(10_000);
    expect(await started(), 'the containers ran on').toBe(before);
    await movedTo(FIRST, id, SECOND, THIRD);
  });
});
