/** Packets between two hosts: a container's veth end on either, an underlay cable between them. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Mac } from '../../src/model/values/types.js';
import { Bench, type Host, NETWORK, run } from './bench.js';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close());

interface Container {
  readonly netns: string;
  readonly mac: string;
}

/** Does what the engine does with the end that waits on the host. */
function place(host: Host, name: string, addresses: readonly string[], mac: string): Container {
  const netns = bench.namespace(name);
  run(host.path, 'ip', 'link', 'set', 'vethc0', 'netns', netns, 'name', 'eth0', 'address', mac);
  for (const address of addresses)
    run(netns, 'ip', 'address', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : []));
  run(netns, 'ip', 'link', 'set', 'eth0', 'up');
  return { netns, mac };
}

/** One packet, one second: the first must get through. Throws when it does not. */
const ping = (from: Container, to: string, ...options: string[]) =>
  run(from.netns, 'busybox', 'ping', '-c', '1', '-W', '1', ...options, to);

async function pair(vtepA: string, vtepB: string): Promise<readonly [Host, Host, Container, Container]> {
  const [a, b] = [bench.host('docker01', vtepA), bench.host('docker02', vtepB)];
  const prefix = vtepA.includes(':') ? 64 : 24;
  bench.cable(a, b, `${vtepA}/${prefix}`, `${vtepB}/${prefix}`);
  // A fresh IPv6 link takes a while before it answers.
  await vi.waitFor(() => run(a.path, 'busybox', 'ping', '-c', '1', '-W', '1', vtepB), { timeout: 10_000 });
  for (const host of [a, b]) {
    await host.network('172.16.1.254/24');
    await host.port(0);
  }
  await a.apply({ kind: 'replaceStatic', link: 'veth0', mac: '02:42:ac:10:01:01' as Mac });
  await b.apply({ kind: 'replaceStatic', link: 'veth0', mac: '02:42:ac:10:01:02' as Mac });
  await a.peer('172.16.1.2', '02:42:ac:10:01:02', vtepB);
  await b.peer('172.16.1.1', '02:42:ac:10:01:01', vtepA);
  const one = place(a, 'overlay1', ['172.16.1.1/24', 'fd00:1::1/64'], '02:42:ac:10:01:01');
  const two = place(b, 'overlay2', ['172.16.1.2/24', 'fd00:1::2/64'], '02:42:ac:10:01:02');
  return [a, b, one, two];
}

test('the first packet gets through, both ways, full size, and the gateway is at home', async () => {
  const [, , one, two] = await pair('10.0.0.60', '10.0.0.61');
  expect(ping(one, '172.16.1.2')).toContain(' 0% packet loss');
  expect(ping(two, '172.16.1.1', '-s', '1422')).toContain(' 0% packet loss');
  expect(ping(one, '172.16.1.254')).toContain(' 0% packet loss');
});

test('IPv6 inside of the network', async () => {
  const [a, b, one] = await pair('10.0.0.60', '10.0.0.61');
  await a.apply({ kind: 'addAddress', link: 'br0', address: 'fd00:1::fe/64' as never });
  await a.peer('fd00:1::2', '02:42:ac:10:01:02', '10.0.0.61');
  await b.peer('fd00:1::1', '02:42:ac:10:01:01', '10.0.0.60');
  expect(ping(one, 'fd00:1::2')).toContain(' 0% packet loss');
  expect(ping(one, 'fd00:1::fe')).toContain(' 0% packet loss');

  await a.network();
  expect(ping(one, 'fd00:1::fe')).toContain(' 0% packet loss');
  expect(run(a.inside, 'ip', '-6', 'address')).not.toContain('fe80');
});

test('an IPv6 underlay', async () => {
  const [, , one] = await pair('fd00::60', 'fd00::61');
  expect(ping(one, '172.16.1.2')).toContain(' 0% packet loss');
});

test('a second pass over a running network costs no packet', async () => {
  const [a, , one] = await pair('10.0.0.60', '10.0.0.61');
  ping(one, '172.16.1.2');
  await a.network('172.16.1.254/24');
  await a.port(0);
  await a.peer('172.16.1.2', '02:42:ac:10:01:02', '10.0.0.61');
  expect(ping(one, '172.16.1.2')).toContain(' 0% packet loss');
  expect(run(a.inside, 'ip', 'link', 'show', 'br0')).toContain(NETWORK);
});
