/** dockerd killed or restarted, with live-restore on and off: nothing is left over, names and traffic come back. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { within } from '../waiting.js';
import { record } from './record.js';
import { lost, Scene } from './scene.js';

describe.each([
  ['off', []],
  ['on', ['--live-restore']],
] as const)('live-restore %s', (mode, engineOptions) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.boot({ engineOptions: [...engineOptions], durableConsul: true });
    await scene.run(1, 'here');
    await scene.run(2, 'there', '--restart=always');
    await scene.run(2, 'once');
  });
  afterAll(() => scene?.down());

  it.each(['kill', 'restart'] as const)('dockerd %s', async (how) => {
    const { engine } = scene.lab.host(2);
    const address = await scene.address(2, 'there');
    const pings = scene.docker(1, 'exec', 'here', 'ping', '-i', '0.1', '-c', '60', address).catch(String);
    if (how === 'kill') await engine.kill();
    else await engine.stop();
    await engine.start();
    const ms = await within(15_000, 'there answers by its name', () => scene.pings(1, 'here', 'there'));
    const missed = lost(await pings);
    if (mode === 'on') expect(missed).toBe(0);
    const alive = (await scene.docker(2, 'ps', '-q')).split('\n').filter(Boolean).length + 1;
    const settled = await within(130_000, 'one endpoint and one address for each that lives', async () => {
      const [endpoints, leases] = [await scene.keys('/endpoints/'), await scene.keys('/addresses/')];
      return endpoints.length === alive && leases.length === alive + 1;
    });
    await record(
      `dockerd ${how}, live-restore ${mode}`,
      `${missed} of 60 packets lost; its name answers ${ms} ms after dockerd serves; nothing over after ${Math.round(settled / 1000)} s`,
    );
  });
});
