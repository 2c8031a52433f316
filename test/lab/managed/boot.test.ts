/** Hosts with the managed plugin that lose their power: all comes back without a hand, whatever Consul does. */
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { run } from '../command.js';
import { importConsul, runConsul } from '../consul-image.js';
import { ManagedScene } from '../managed-scene.js';
import { SUPPORTED } from '../tours.js';
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

  it('with an address that comes after the engine', async () => {
    const { host, address } = scene.lab.host(2);
    const ip = (...args: string[]) => run(['ip', '-n', host.machineName, ...args]);
    const routes = (await ip('route', 'show', 'default')).split(' ').filter((word) => word !== '');
    await scene.lab.powerLoss(scene.lab.host(2));
    await ip('address', 'del', `${address}/24`, 'dev', 'eth0');
    await scene.lab.powerOn(scene.lab.host(2));
    // Longer than the engine waits for a plugin.
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    expect(await scene.plugin(2).isEnabled()).toBe(true);
    expect(await scene.docker(2, 'inspect --format {{.State.Running}} plain')).toBe('true');
    await ip('address', 'add', `${address}/24`, 'dev', 'eth0');
    await ip('route', 'add', ...routes);
    await scene.bothAnswer(30_000);
  });

  it('with Consul itself a container on docker01', async () => {
    await scene.lab.down();
    scene = await ManagedScene.boot(engine, { consul: false, plugin: false, engineOptions: ['--live-restore'] });
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
    // With live-restore the engine never tells that endpoints are gone.
    for (const host of [1, 2])
      for (const name of ['keep1', 'keep2'])
        await within(5_000, `${name} is one address, asked on docker0${host}`, async () => {
          const answer = await scene.docker(host, `exec keep${host} nslookup -type=a ${name}`);
          return answer.match(/^Address: 172/gm)?.length === 1;
        });
  });

  it('with live-restore, dockerd restarts without it, and it finds the new docker.sock', async () => {
    const pid = scene.plugin(2).pid();
    await scene.lab.host(2).engine.restart();
    expect(scene.plugin(2).pid()).toBe(pid);
    await scene.docker(2, 'network create -d tsoverlay --ipam-driver tsoverlay --subnet 172.16.6.0/24 later');
    await within(10_000, 'the network is on docker01', async () =>
      (await scene.docker(1, 'network ls --format {{.Name}}')).includes('later'),
    );
    await scene.bothAnswer(5_000);
  });
});
