import { copyFileSync } from 'node:fs';
import { ManagedScene } from '../test/lab/managed-scene.js';
import { importConsul, runConsul } from '../test/lab/consul-image.js';
import { within } from '../test/lab/waiting.js';
const engine = (process.argv[2] ?? '28.5.2') as never;
const scene = await ManagedScene.boot(engine, { consul: false, plugin: false, engineOptions: ['--live-restore'] });
let failed = false;
try {
  const docker01 = scene.lab.host(1);
  await importConsul(docker01);
  await runConsul(docker01);
  for (const host of [1, 2]) await scene.plugin(host).start({ CLUSTER_STORE: 'consul://10.0.0.60:8500' });
  await within(15_000, 'Consul leads', async () =>
    docker01.engine.attempt('exec', 'consul', '/bin/consul', 'kv', 'put', 'a', 'b').then(({ ok }) => ok));
  await scene.furnish();
  for (let round = 0; round < 5; round++) {
    await Promise.all([1, 2].map((host) => scene.lab.powerLoss(scene.lab.host(host))));
    await Promise.all([1, 2].map((host) => scene.lab.powerOn(scene.lab.host(host))));
    await scene.bothAnswer(60_000);
    await scene.lab.host(2).engine.restart();
    const t = Date.now();
    await scene.docker(2, `network create -d tsoverlay --ipam-driver tsoverlay later${round}`);
    for (const [h, from, to] of [[1, 'keep1', 'keep2'], [2, 'keep2', 'keep1']] as const) {
      for (;;) {
        const a = Date.now();
        const r = await scene.lab.host(h).engine.attempt('exec', from, 'ping', '-c1', '-W1', to);
        console.log(round, from, to, r.ok, Date.now() - a, 'ms at', a - t, r.ok ? '' : r.stdout + r.stderr);
        if (r.ok) break;
        failed = true;
        const n = await scene.lab.host(h).engine.attempt('exec', from, 'nslookup', to);
        console.log(n.stdout + n.stderr);
        if (Date.now() - t > 20_000) break;
      }
    }
  }
} finally {
  for (const h of [1, 2]) copyFileSync(scene.plugin(h).log(), `/tmp/live2-${h}.log`);
  await scene.lab.down();
}
