/** `tsoverlay node forget`: frees what a host left behind; a host that returns after all never holds what others got. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PLUGIN_MAIN } from '../paths.js';
import { within } from '../waiting.js';
import { record } from './record.js';
import { lost, NET, Scene } from './scene.js';

const FIXED = '172.16.1.77';
const GONE = '10.0.0.61';
/** Consul ends a session after its TTL of 15 s, and up to twice as long. */
const AWAY_MS = 40_000;

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.boot({ hosts: 3, durableConsul: true });
  await scene.run(1, 'here');
  await scene.run(3, 'beyond');
  await scene.run(2, 'fixed', '--restart=always', '--ip', FIXED);
  await scene.run(2, 'free', '--restart=always');
});
afterAll(() => scene?.down());

/** The operator's command, typed on docker01. */
const tsoverlay = (...words: string[]) => {
  const { address, host } = scene.lab.host(1);
  const env = [`CLUSTER_STORE=${scene.lab.consul.url}`, `CLUSTER_ADVERTISE=${address}`];
  return host.attempt('env', ...env, process.execPath, PLUGIN_MAIN, ...words);
};
const isAway = async () => new RegExp(`${GONE} .* away `).test((await tsoverlay('status')).stdout);
const forgetWhenAway = async (): Promise<string> => {
  await within(AWAY_MS, 'the session has ended', isAway);
  const { stdout, stderr } = await tsoverlay('node', 'forget', GONE, '--yes');
  expect(stderr).toBe('');
  return stdout;
};
const counts = async () => [(await scene.keys('/endpoints/')).length, (await scene.keys('/addresses/')).length];
const holders = async (address: string) =>
  (await Promise.all((await scene.keys('/endpoints/')).map((key) => scene.lab.consul.value(key)))).filter((value) =>
    value?.includes(`"${address}/24"`),
  );

it('is refused while the node is alive', async () => {
  const { ok, stderr } = await tsoverlay('node', 'forget', GONE, '--yes');
  expect(ok).toBe(false);
  expect(stderr.trim()).toBe(`tsoverlay: node ${GONE} is alive; stop tsoverlay on it first, or leave it alone`);
  expect(await counts()).toEqual([4, 5]);
});

it('a host without power is forgotten, and its power comes back', async () => {
  await scene.lab.powerLoss(scene.lab.host(2));
  await within(AWAY_MS, 'the session has ended', isAway);
  expect((await tsoverlay('status')).stdout).toContain(
    `waiting for ${GONE}: 2 endpoints; if it never returns: tsoverlay node forget ${GONE}`,
  );
  expect(await forgetWhenAway()).toBe(`forgot ${GONE}: 2 endpoints and 2 addresses are free`);
  expect(await counts()).toEqual([2, 3]);
  await within(2_000, 'its names are gone', async () => !(await scene.pings(1, 'here', 'fixed')));
  expect(await scene.run(3, 'heir', '--ip', FIXED)).toBe(FIXED);
  await within(2_000, 'the heir answers', () => scene.pings(1, 'here', 'heir'));

  await scene.lab.powerOn(scene.lab.host(2));
  await within(20_000, 'free answers by its name', () => scene.pings(1, 'here', 'free'));
  const words = await scene.docker(2, 'inspect', '--format', '{{.State.Running}} {{.State.Error}}', 'fixed');
  expect(words).toMatch(/^false .*address 172\.16\.1\.77 is already held by container heir on host docker03/);
  expect(await scene.pings(1, 'here', 'heir')).toBe(true);
  expect(await holders(FIXED)).toHaveLength(1);
  await within(95_000, 'four endpoints, four addresses and the gateway', async () => (await counts()).join() === '4,5');
  await record(
    'a host that never returns is forgotten, and returns',
    `refused while it lives, status names what waits; forget freed 2 endpoints and 2 addresses, its names were gone, its static address went to another host; back again, its container is refused that address with one sentence, the other one has a new address`,
  );
});

it('a host that is only cut off is forgotten: it gets back what nobody took, the rest is cut off', async () => {
  await scene.docker(2, 'rm', '-f', 'fixed');
  const kept = '172.16.1.88';
  const freeAddress = await scene.address(2, 'free');
  await scene.run(2, 'hostage', '--ip', kept);
  await scene.lab.lan.cut('docker02');
  await forgetWhenAway();
  expect(await scene.run(3, 'taker', '--ip', kept)).toBe(kept);
  expect(await scene.pings(2, 'free', 'hostage'), 'the cut-off side goes on').toBe(true);
  // Until the others admit its VXLAN no more.
  await within(20_000, 'the guard has closed', async () => {
    const rules = await scene.lab.host(1).run('nft', 'list', 'ruleset');
    return rules.includes('10.0.0.62') && !rules.includes(GONE);
  });
  await scene.lab.lan.join('docker02');
  const ms = await within(15_000, 'free answers by its name', () => scene.pings(1, 'here', 'free'));
  expect(await scene.address(2, 'free'), 'as before').toBe(freeAddress);
  await within(2_000, 'hostage is cut off', async () => {
    const { stdout } = await scene.lab.host(2).engine.attempt('exec', 'hostage', 'ip', 'link');
    return !stdout.includes('eth0');
  });
  expect(await holders(kept)).toHaveLength(1);
  expect(await scene.pings(1, 'here', 'taker')).toBe(true);
  await within(10_000, 'its address is the taker for the returned too', () => scene.pings(2, 'free', 'taker'));
  expect(await scene.pluginLog(2)).toContain('cut off; docker network disconnect and connect it');
  await scene.docker(2, 'network', 'disconnect', NET, 'hostage');
  await scene.docker(2, 'network', 'connect', NET, 'hostage');
  await within(2_000, 'hostage answers again', () => scene.pings(1, 'here', 'hostage'));
  await record(
    'a host that is only cut off is forgotten, and joined again',
    `${ms} ms after joining its container answers with the address it had; the one whose address another host got meanwhile is cut off, the log names the cure, and the cure works; that address is held once`,
  );
});

it('a host whose plugin is away is forgotten, and its plugin starts', async () => {
  const address = await scene.address(2, 'free');
  await scene.docker(2, 'rm', '-f', 'hostage');
  await within(10_000, 'the node is in the cluster again', async () =>
    new RegExp(`${GONE} .* alive `).test((await tsoverlay('status')).stdout),
  );
  // What was made in the last half second before the kill would be in no copy.
  await within(3_000, 'the copy has what lives', async () => {
    const copy = await scene.lab.host(2).run('cat', '/var/lib/tsoverlay/cluster.json');
    return !copy.includes('hostage') && copy.includes('free');
  });
  await within(2_000, 'one port', async () => (await scene.inside(2, 'ip -br link')).match(/^veth/gm)?.length === 1);
  await scene.lab.host(2).plugin.kill();
  const pings = scene.docker(3, 'exec', 'beyond', 'sh', '-c', `ping -i 0.1 -c 4000 ${address} & echo $! >/p; wait`);
  await within(AWAY_MS, 'the session has ended', isAway);
  await scene.docker(3, 'exec', 'beyond', 'sh', '-c', 'kill -INT $(cat /p)');
  expect(lost(await pings), 'nobody notices').toBe(0);
  await forgetWhenAway();
  await within(2_000, 'its name is gone', async () => !(await scene.pings(3, 'beyond', 'free')));
  const steps = await scene.startPlugin(2);
  const ms = await within(5_000, 'free answers by its name', () => scene.pings(3, 'beyond', 'free'));
  expect(steps, 'nothing to do in its own kernel').toEqual([]);
  expect(await scene.address(2, 'free')).toBe(address);
  await record(
    'a host whose plugin is away is forgotten, and its plugin starts',
    `its containers are put back with their addresses; a name answered ${ms} ms after the start; an empty diff in its kernel`,
  );
});
