/** What somebody breaks by hand is mended within three seconds, and the log says what and why. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { within } from '../waiting.js';
import { record } from './record.js';
import { Scene } from './scene.js';

const PROMISE_MS = 3_000;

let scene: Scene;
let peer: { address: string; mac: string };
/** The MAC of `here`, which is behind veth0. */
let own: string;
beforeAll(async () => {
  scene = await Scene.boot();
  await scene.run(1, 'here', '-p', '8080:80');
  const address = await scene.run(2, 'there');
  const mac = await scene.docker(2, 'exec', 'there', 'cat', '/sys/class/net/eth0/address');
  peer = { address, mac };
  own = await scene.docker(1, 'exec', 'here', 'cat', '/sys/class/net/eth0/address');
});
afterAll(() => scene?.down());

const repairs = async () => (await scene.pluginLog(1)).split('\n').filter((l) => l.includes('repaired'));

/** Breaks, and waits until the other side answers again and the repair is told. */
async function mended(breakIt: () => Promise<unknown>, told: string, holds: () => Promise<boolean>): Promise<number> {
  const before = (await repairs()).length;
  await breakIt();
  const ms = await within(PROMISE_MS, `${told}, mended`, holds);
  await within(500, 'the repair is told', async () => (await repairs()).slice(before).some((l) => l.includes(told)));
  expect(await scene.pings(1, 'here', 'there')).toBe(true);
  return ms;
}

describe('in the namespace of a network', () => {
  it.each([
    ['vxlan0 deleted', () => 'ip link delete vxlan0', 'createVxlan', 'ip -d link show vxlan0', 'master br0 state'],
    ['br0 down', () => 'ip link set br0 down', 'setUp', 'ip link show br0', ',UP,'],
    [
      'vxlan0 without its bridge',
      () => 'ip link set vxlan0 nomaster',
      'setMaster',
      'ip link show vxlan0',
      'master br0',
    ],
    ['MTU changed', () => 'ip link set vxlan0 mtu 1300', 'setMtu', 'ip link show vxlan0', 'mtu 1450'],
    [
      'FDB flushed',
      () => `bridge fdb delete ${peer.mac} dev vxlan0 dst 10.0.0.61 self`,
      'replaceFdb',
      'bridge fdb show dev vxlan0',
      '10.0.0.61',
    ],
    [
      'FDB entry to a wrong host',
      () => `bridge fdb replace ${peer.mac} dev vxlan0 dst 10.0.0.99 self permanent`,
      'replaceFdb',
      'bridge fdb show dev vxlan0',
      'dst 10.0.0.61',
    ],
    [
      'FDB entry of a container deleted',
      () => `bridge fdb delete ${own} dev veth0 master`,
      'replaceStatic',
      'bridge fdb show dev veth0',
      'static',
    ],
    [
      'a port that learns',
      () => 'bridge link set dev veth0 learning on flood on',
      'setPort',
      'bridge -d link show dev veth0',
      'learning off flood off',
    ],
    [
      'vxlan0 that learns',
      () => 'ip link set vxlan0 type vxlan learning',
      'stopLearning',
      'ip -d link show vxlan0',
      ' nolearning ',
    ],
    [
      'neighbour entry changed',
      () => `ip neigh replace ${peer.address} lladdr 02:00:00:00:00:01 dev vxlan0 nud permanent`,
      'replaceNeighbour',
      'ip neigh show dev vxlan0',
      'lladdr 02:42:',
    ],
    [
      'neighbour entries flushed',
      () => 'ip neigh flush all nud permanent',
      'replaceNeighbour',
      'ip neigh',
      'lladdr 02:42',
    ],
    [
      'gateway address removed',
      () => 'ip address flush dev br0',
      'addAddress',
      'ip address show br0',
      'inet 172.16.1.',
    ],
  ])('%s', async (fault, line, step, look, seen) => {
    const ms = await mended(
      () => scene.inside(1, line()),
      step,
      async () => (await scene.inside(1, look)).includes(seen),
    );
    await record(fault, `repaired in ${ms} ms; logged as ${step} with its reason; the peer answers`);
  });

  it('its file unmounted', async () => {
    const file = `/run/docker/netns/${scene.namespace}`;
    const traffic = scene.docker(1, 'exec', 'here', 'ping', '-i', '0.05', '-c', '80', peer.address);
    const ms = await mended(
      () => scene.lab.host(1).run('umount', file),
      'mountNamespace',
      async () => (await scene.lab.host(1).run('stat', '-f', '-c', '%T', file)) === 'nsfs',
    );
    expect(await traffic).toContain(' 0% packet loss');
    await record('netns file unmounted', `mounted again in ${ms} ms, 0 of 80 packets lost`);
  });
});

describe('veth deleted under a living container', () => {
  const cards = async () =>
    (await scene.docker(1, 'exec', 'hurt', 'ip', 'address')).replaceAll(/^\d+: |@if\d+|valid_lft.*$/gm, '');
  const routes = () => scene.docker(1, 'exec', 'hurt', 'ip', 'route');
  const hurt = async () => {
    const alias = await scene.docker(1, 'inspect', '-f', '{{.NetworkSettings.Networks.one.EndpointID}}', 'hurt');
    const links = await scene.inside(1, 'ip -o link show type veth');
    const veth = /veth\d+/.exec(links.split('\n').find((line) => line.includes(alias)) ?? '')?.[0];
    await scene.inside(1, `ip link delete ${veth}`);
  };
  beforeAll(() => scene.run(1, 'hurt'));
  afterAll(() => scene.docker(1, 'rm', '-f', 'hurt'));

  it('its card is back as it was', async () => {
    const before = [await cards(), await routes()];
    await hurt();
    const ms = await within(PROMISE_MS, 'it answers again', () => scene.pings(2, 'there', 'hurt'));
    expect([await cards(), await routes()]).toEqual(before);
    expect(await scene.pings(1, 'hurt', 'there')).toBe(true);
    await record('veth deleted under a living container', `a new pair, the same card in the container: ${ms} ms`);
  });

  it('also when tsoverlay was not there to see it', async () => {
    const before = [await cards(), await routes()];
    await scene.lab.host(1).plugin.kill();
    await hurt();
    await scene.lab.host(1).plugin.start();
    const ms = await within(30_000, 'it answers again', () => scene.pings(2, 'there', 'hurt'));
    expect([await cards(), await routes()]).toEqual(before);
    await record('veth deleted while the plugin was away', `back ${ms} ms after its start`);
  });
});

describe('docker_gwbridge', () => {
  const outside = async () =>
    (await scene.lab.host(1).engine.attempt('exec', 'here', 'ping', '-c1', '-W1', '203.0.113.1')).ok;

  it('removed', async () => {
    expect(await outside()).toBe(true);
    const ms = await mended(
      () => scene.lab.host(1).run('ip', 'link', 'delete', 'docker_gwbridge'),
      'docker_gwbridge',
      outside,
    );
    await record('docker_gwbridge removed', `back with address, MAC and ports in ${ms} ms; the world outside answers`);
  });

  it('set down', async () => {
    await scene.lab.host(1).run('ip', 'link', 'set', 'docker_gwbridge', 'down');
    const ms = await within(PROMISE_MS, 'it is up again', outside);
    await record('docker_gwbridge down', `up again in ${ms} ms`);
  });
});

it('and with nothing broken no pass finds anything to do', async () => {
  const before = (await repairs()).length;
  await scene.run(1, 'another');
  await scene.docker(1, 'rm', '-f', 'another');
  await scene.docker(2, 'restart', 'there');
  expect((await repairs()).slice(before)).toEqual([]);
});
