/** What somebody breaks by hand is mended within three seconds, and the log says what and why. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { within } from '../waiting.js';
import { record } from './record.js';
import { Scene } from './scene.js';

const PROMISE_MS = 3_000;

let scene: Scene;
let peer: { address: string; mac: string };
beforeAll(async () => {
  scene = await Scene.boot();
  await scene.run(1, 'here', '-p', '8080:80');
  const address = await scene.run(2, 'there');
  const mac = await scene.docker(2, 'exec', 'there', 'cat', '/sys/class/net/eth0/address');
  peer = { address, mac };
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

it('veth deleted under a container: told what to do, and that works', async () => {
  await scene.run(1, 'hurt');
  const veth = /(veth\d+)[@:].*?\n/.exec(
    (await scene.inside(1, 'ip -br link show type veth | tail -1')).concat('\n'),
  )?.[1];
  await scene.inside(1, `ip link delete ${veth}`);
  const ms = await within(PROMISE_MS, 'it is told', async () =>
    (await scene.pluginLog(1)).includes("a container's link was deleted"),
  );
  await scene.docker(1, 'network', 'disconnect', 'one', 'hurt');
  await scene.docker(1, 'network', 'connect', 'one', 'hurt');
  await within(2_000, 'it answers again', () => scene.pings(2, 'there', 'hurt'));
  await scene.docker(1, 'rm', '-f', 'hurt');
  await record(
    'veth deleted under a living container',
    `not put back: named in the log after ${ms} ms with the cure, docker network disconnect and connect, which works`,
  );
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
