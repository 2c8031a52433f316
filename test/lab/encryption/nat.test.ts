/** A host behind a router with NAT, and one that stands in the open: one side that can be reached is enough. */
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { createNamespace, removeNamespace } from '../../../src/kernel/system/netns.js';
import { cryptVtep } from '../../../src/model/crypt/vtep.js';
import type { NodeAddress } from '../../../src/model/values/types.js';
import { run } from '../../kernel/bench.js';
import { MeshHost } from './mesh-host.js';

const [INSIDE, OUTSIDE, ROUTER] = ['192.168.7.2', '198.51.100.2', '198.51.100.1'] as const;
/** Where the router hands on both ports of the host behind it. */
const HANDED_ON = 4_000;

/** `hidden` reaches the world through `router`, which nobody reaches by himself; `open` is in that world. */
interface Scene {
  readonly router: string;
  readonly open: MeshHost;
  readonly hidden: MeshHost;
}

type Settings = ConstructorParameters<typeof MeshHost>[1];

async function behindNat(settings: Settings, work: (scene: Scene) => Promise<void>): Promise<void> {
  const open = new MeshHost(OUTSIDE as NodeAddress);
  const hidden = new MeshHost(INSIDE as NodeAddress, settings);
  // It lies in the folder of the first.
  const router = `${open.path}-router`;
  try {
    wire({ router, open, hidden });
    await work({ router, open, hidden });
  } finally {
    removeNamespace(router);
    for (const host of [open, hidden]) host.close();
  }
}

function wire({ router, open, hidden }: Scene): void {
  createNamespace(router);
  const cable = (host: MeshHost, own: string, gateway: string, link: string) => {
    run(host.path, 'ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', link, 'netns', router);
    run(host.path, 'ip', 'address', 'add', `${own}/24`, 'dev', 'eth0');
    run(router, 'ip', 'address', 'add', `${gateway}/24`, 'dev', link);
    run(host.path, 'ip', 'link', 'set', 'eth0', 'up');
    run(router, 'ip', 'link', 'set', link, 'up');
  };
  cable(hidden, INSIDE, '192.168.7.1', 'lan');
  cable(open, OUTSIDE, ROUTER, 'wan');
  run(hidden.path, 'ip', 'route', 'add', 'default', 'via', '192.168.7.1');
  run(router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  run(router, 'nft', 'add table ip nat');
  run(router, 'nft', 'add chain ip nat out { type nat hook postrouting priority 100 ; }');
  run(router, 'nft', 'add chain ip nat in { type nat hook prerouting priority -100 ; }');
  run(router, 'nft', 'add rule ip nat out oifname wan masquerade random');
}

const nodes = ({ open, hidden }: Scene) => [open.node, hidden.node];
const converge = async (scene: Scene) => {
  for (const host of [scene.open, scene.hidden]) await host.converge(nodes(scene));
};
/** By its newest key. */
const reaches = async (from: MeshHost, to: MeshHost, seconds = 20): Promise<boolean> => {
  const key = to.keys.own.at(-1)?.key;
  if (key === undefined) return false;
  const ping = ['ping', '-q', '-c', '1', '-W', String(seconds), cryptVtep(key)];
  const { exitCode } = await execa('nsenter', [`--net=${from.crypt}`, 'busybox', ...ping], { reject: false });
  return exitCode === 0;
};

/** Who is behind NAT says something now and then, and is heard. */
async function meet(scene: Scene): Promise<void> {
  await converge(scene);
  await sleep(3_000);
  expect(await reaches(scene.open, scene.hidden)).toBe(true);
}

// Side by side, for what they do most of the time is wait.
describe.concurrent('a host behind NAT', () => {
  test('that says something now and then is reached, and where it has moved to', () =>
    behindNat({ keepalive: 1 }, async (scene) => {
      const { open, hidden } = scene;
      await meet(scene);
      expect(await reaches(hidden, open)).toBe(true);
      // Looked at again and again, it stays where it was heard from.
      await converge(scene);
      expect(await open.converge(nodes(scene))).toEqual([]);
      // Another address inside is another port outside.
      run(hidden.path, 'ip', 'address', 'flush', 'dev', 'eth0');
      run(hidden.path, 'ip', 'address', 'add', '192.168.7.3/24', 'dev', 'eth0');
      run(hidden.path, 'ip', 'route', 'replace', 'default', 'via', '192.168.7.1');
      await sleep(5_000);
      await converge(scene);
      expect(await reaches(open, hidden)).toBe(true);
    }));

  test('changes its key, too: the new one is heard of before the old one goes', () =>
    behindNat({ keepalive: 1 }, async (scene) => {
      const { open, hidden } = scene;
      await meet(scene);
      hidden.keys.add();
      await converge(scene);
      await sleep(3_000);
      await converge(scene);
      expect(await reaches(open, hidden)).toBe(true);
      expect(await reaches(hidden, open)).toBe(true);
    }));

  test('whose router hands on its ports is reached by whoever speaks first', () =>
    behindNat({ keepalive: 0, endpoint: { address: ROUTER as NodeAddress, port: HANDED_ON } }, async (scene) => {
      const { router, open, hidden } = scene;
      run(router, 'nft', `add rule ip nat in iifname wan udp dport ${HANDED_ON} dnat to ${INSIDE}:51840`);
      run(router, 'nft', `add rule ip nat in iifname wan udp dport ${HANDED_ON + 1} dnat to ${INSIDE}:51841`);
      await converge(scene);
      expect(await reaches(open, hidden)).toBe(true);
      hidden.keys.add();
      await converge(scene);
      await sleep(3_000);
      await converge(scene);
      expect(await reaches(open, hidden)).toBe(true);
    }));

  test('is reached without either once it has spoken, which it does by itself, having the first id of both', () =>
    behindNat(undefined, async (scene) => {
      const { open, hidden } = scene;
      expect(hidden.node.id < open.node.id).toBe(true);
      await open.converge(nodes(scene));
      await hidden.converge([hidden.node]);
      expect(await reaches(open, hidden, 7)).toBe(false);
      await converge(scene);
      expect(await reaches(open, hidden)).toBe(true);
      expect(await reaches(hidden, open)).toBe(true);
    }));
});
