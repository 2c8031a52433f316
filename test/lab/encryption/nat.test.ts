/** A host behind a router with NAT, and one that stands in the open: one side that can be reached is enough. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNamespace, removeNamespace } from '../../../src/kernel/system/netns.js';
import { cryptVtep } from '../../../src/model/crypt/vtep.js';
import type { NodeAddress } from '../../../src/model/values/types.js';
import { run } from '../../kernel/bench.js';
import { MeshHost } from './mesh-host.js';

const [INSIDE, OUTSIDE, ROUTER] = ['192.168.7.2', '198.51.100.2', '198.51.100.1'] as const;
/** Where the router hands on both ports of the host behind it. */
const HANDED_ON = 4_000;

let router: string;
let open: MeshHost;
let hidden: MeshHost;

/** `hidden` reaches the world through `router`, which nobody reaches by himself; `open` is in that world. */
function wire(): void {
  router = `${open.path}-router`;
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

const nodes = () => [open.node, hidden.node];
const converge = async () => {
  for (const host of [open, hidden]) await host.converge(nodes());
};
/** By its newest key. */
const reaches = (from: MeshHost, to: MeshHost, seconds = 20): boolean => {
  const key = to.keys.own.at(-1)?.key;
  if (key === undefined) return false;
  try {
    run(from.crypt, 'busybox', 'ping', '-q', '-c', '1', '-w', String(seconds), cryptVtep(key));
    return true;
  } catch {
    return false;
  }
};

beforeEach(() => {
  open = new MeshHost(OUTSIDE as NodeAddress);
});
afterEach(() => {
  // It lies in the folder of the first.
  removeNamespace(router);
  for (const host of [open, hidden]) host.close();
});

test('a host that says something now and then is reached behind its NAT, and where that has moved it to', async () => {
  hidden = new MeshHost(INSIDE as NodeAddress, { keepalive: 1 });
  wire();
  await converge();
  await sleep(3_000);
  expect(reaches(open, hidden)).toBe(true);
  expect(reaches(hidden, open)).toBe(true);
  // Looked at again and again, it stays where it was heard from.
  await converge();
  expect(await open.converge(nodes())).toEqual([]);
  // Another address inside is another port outside.
  run(hidden.path, 'ip', 'address', 'flush', 'dev', 'eth0');
  run(hidden.path, 'ip', 'address', 'add', '192.168.7.3/24', 'dev', 'eth0');
  run(hidden.path, 'ip', 'route', 'replace', 'default', 'via', '192.168.7.1');
  await sleep(5_000);
  await converge();
  expect(reaches(open, hidden)).toBe(true);
});

test('its key changes there, too: the new one is heard of before the old one goes', async () => {
  hidden = new MeshHost(INSIDE as NodeAddress, { keepalive: 1 });
  wire();
  await converge();
  await sleep(3_000);
  expect(reaches(open, hidden)).toBe(true);
  hidden.keys.add();
  await converge();
  await sleep(3_000);
  await converge();
  expect(reaches(open, hidden)).toBe(true);
  expect(reaches(hidden, open)).toBe(true);
});

test('one whose router hands on its ports is reached by whoever speaks first', async () => {
  hidden = new MeshHost(INSIDE as NodeAddress, {
    keepalive: 0,
    endpoint: { address: ROUTER as NodeAddress, port: HANDED_ON },
  });
  wire();
  run(router, 'nft', `add rule ip nat in iifname wan udp dport ${HANDED_ON} dnat to ${INSIDE}:51840`);
  run(router, 'nft', `add rule ip nat in iifname wan udp dport ${HANDED_ON + 1} dnat to ${INSIDE}:51841`);
  await converge();
  expect(reaches(open, hidden)).toBe(true);
  hidden.keys.add();
  await converge();
  await sleep(3_000);
  await converge();
  expect(reaches(open, hidden)).toBe(true);
});

test('without either it is not reached, until it speaks', async () => {
  hidden = new MeshHost(INSIDE as NodeAddress);
  wire();
  await converge();
  expect(reaches(open, hidden, 7)).toBe(false);
  expect(reaches(hidden, open)).toBe(true);
  expect(reaches(open, hidden)).toBe(true);
});
