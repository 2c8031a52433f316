/** What the native overlay or an unclean stop left behind is taken over, without any rm by hand. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { within } from '../waiting.js';
import { record } from './record.js';
import { Scene } from './scene.js';

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.boot();
});
afterAll(() => scene?.down());

it('the same VNI in an old namespace, a stale file in the place of ours', async () => {
  const { host } = scene.lab.host(1);
  const vni = /"vni":(\d+)/.exec((await scene.lab.consul.value((await scene.keys('/networks/'))[0] ?? '')) ?? '')?.[1];
  const lines = [
    // Not every engine has it before its first container.
    'mkdir -p /run/docker/netns',
    'touch /run/docker/netns/1-0123456789',
    'unshare --net=/run/docker/netns/1-0123456789 ip link add br0 type bridge',
    `ip link add old0 type vxlan id ${vni} dstport 4789 dev eth0`,
    // iproute2 moves to a named namespace only.
    'mkdir -p /run/netns && ln -s /run/docker/netns/1-0123456789 /run/netns/old && ip link set old0 netns old',
    `touch /run/docker/netns/${scene.namespace}`,
    'ip link add vethdeadbee type veth peer name vethfeedbed',
  ];
  for (const line of lines) await host.run('sh', '-c', line);
  await scene.run(1, 'here');
  await scene.run(2, 'there');
  await within(2_000, 'they reach each other', () => scene.pings(1, 'here', 'there'));
  expect(await host.run('ip', 'netns', 'exec', 'old', 'ip', 'link')).not.toContain('old0');
  await record(
    'left-overs of the native overlay or an unclean stop',
    `VNI ${vni} taken from a namespace without containers, a plain netns file replaced, a stray veth pair ignored; the first docker run works`,
  );
});
