/** kill -9 of the plugin, again and again: traffic does not notice, and each start finds nothing to do. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { record } from './record.js';
import { lost, Scene } from './scene.js';

const KILLS = 20;

let scene: Scene;
let address: string;
beforeAll(async () => {
  scene = await Scene.boot();
  await scene.run(1, 'here');
  address = await scene.run(2, 'there');
  await scene.docker(2, 'exec', '-d', 'there', 'iperf3', '-s');
});
afterAll(() => scene?.down());

it(`plugin kill -9, ${KILLS} times, under cross-host load`, async () => {
  let ended = false;
  const pings = scene.docker(1, 'exec', 'here', 'sh', '-c', `ping -i 0.05 -c 4000 ${address} & echo $! >/p; wait`);
  // One connection that lives through all of it: a reset would end it.
  const stream = scene.lab.host(1).engine.attempt('exec', 'here', 'iperf3', '-c', address, '-t', '300', '-b', '20M');
  void stream.then(() => {
    ended = true;
  });
  const steps: string[] = [];
  for (let n = 0; n < KILLS; n++) {
    const host = (n % 2) + 1;
    await scene.lab.host(host).plugin.kill();
    steps.push(...(await scene.startPlugin(host)));
  }
  expect(ended, 'the connection lives').toBe(false);
  await scene.docker(1, 'exec', 'here', 'sh', '-c', 'kill -INT $(cat /p)');
  const output = await pings;
  await scene.docker(1, 'exec', 'here', 'sh', '-c', 'killall -INT iperf3; true');
  await stream;
  expect(steps).toEqual([]);
  expect(lost(output), output.slice(-300)).toBeLessThanOrEqual(0);
  expect(await scene.pings(1, 'here', 'there')).toBe(true);
  const sent = /(\d+) packets transmitted/.exec(output)?.[1];
  await record(
    `plugin kill -9, ${KILLS} times, under cross-host load`,
    `0 of ${sent} packets lost, one TCP connection through all of it, an empty diff after each start`,
  );
});
