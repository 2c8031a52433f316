/** Hosts with the managed plugin that lose their power: all comes back without a hand, whatever Consul does. */
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { importConsul, runConsul } from '../consul-image.js';
import { ManagedScene, SUPPORTED } from '../managed-scene.js';
import { within } from '../waiting.js';

/** Longer than an engine gives a plugin to answer. */
const AWAY_MS = 60_000;

describe.each(SUPPORTED)('boot with the managed plugin on %s', (engine) => {
  let scene: ManagedScene;
  afterAll(() => scene?.lab.down());
  afterEach(async () => expect(await scene.plugin(2).isEnabled()).toBe(true));

  const loseAndRegainPower = async (host: number) => {
    await scene.lab.powerLoss(scene.lab.host(host));
    await scene.lab.powerOn(scene.lab.host(host));
  };

  it('after a power loss, with Consul on another host', async () => {
    scene = await ManagedScene.boot(engine);
    await scene.furnish();
    await scene.keep(2, 'plain', 'bridge');
    await loseAndRegainPower(2);
    await scene.bothAnswer(10_000);
  });

  it('with Consul away for a minute: other networks at once, ours as soon as it is back', async () => {
    await scene.lab.powerLoss(scene.lab.host(2));
    await scene.lab.consul.stop();
    const since = performance.now();
    await scene.lab.powerOn(scene.lab.host(2));
    expect(performance.now() - since, 'ms until the engine serves').toBeLessThan(20_000);
    expect(await scene.docker(2, 'inspect --format {{.State.Running}} plain')).toBe('true');
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS - (performance.now() - since)));
    expect(await scene.plugin(2).isEnabled()).toBe(true);
    await scene.lab.consul.start();
    await scene.bothAnswer(30_000);
  });

  it('with Consul itself a container on docker01', async () => {
    await scene.lab.down();
    scene = await ManagedScene.boot(engine, { consul: false, plugin: false });
    const docker01 = scene.lab.host(1);
    await importConsul(docker01);
    await runConsul(docker01);
    for (const host of [1, 2]) await scene.plugin(host).start({ CLUSTER_STORE: 'consul://10.0.0.60:8500' });
    await within(15_000, 'Consul leads', async () =>
      docker01.engine.attempt('exec', 'consul', '/bin/consul', 'kv', 'put', 'a', 'b').then(({ ok }) => ok),
    );
    await scene.furnish();
    await loseAndRegainPower(1);
    await scene.bothAnswer(60_000);
    expect(await scene.plugin(1).isEnabled()).toBe(true);
    // Both at once: nobody holds anything in memory any more.
    await Promise.all([1, 2].map((host) => scene.lab.powerLoss(scene.lab.host(host))));
    await Promise.all([1, 2].map((host) => scene.lab.powerOn(scene.lab.host(host))));
    await scene.bothAnswer(60_000);
  });
});
