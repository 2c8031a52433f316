/** The WireGuard mesh by itself, in the kernel: what it is made of, that it works, and that it stays as it is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removeNamespace } from '../../../src/kernel/system/netns.js';
import { cryptVtep, wireguardName } from '../../../src/model/crypt/vtep.js';
import { DEFAULT_MESH_PORT } from '../../../src/model/values/names.js';
import type { NodeAddress, PublicKey } from '../../../src/model/values/types.js';
import { names, rows, run } from '../../kernel/bench.js';
import { MeshHost } from './mesh-host.js';

let a: MeshHost;
let b: MeshHost;
const both = () => [a.node, b.node];
const keyOf = (host: MeshHost): PublicKey => host.keys.own.map(({ key }) => key)[0] ?? ('' as PublicKey);
const vtepOf = (host: MeshHost) => cryptVtep(keyOf(host));
const linkOf = (host: MeshHost) => wireguardName(keyOf(host));

beforeEach(() => {
  a = new MeshHost('10.0.0.1' as NodeAddress);
  b = new MeshHost('10.0.0.2' as NodeAddress);
  run(a.path, 'ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b.path);
  for (const host of [a, b]) {
    run(host.path, 'ip', 'address', 'add', `${host.address}/24`, 'dev', 'eth0');
    run(host.path, 'ip', 'link', 'set', 'eth0', 'up');
  }
});
afterEach(() => {
  a.close();
  b.close();
});

/** Whether one packet gets through: the first waits for the handshake. */
const reaches = (from: MeshHost, to: MeshHost, seconds = 10): boolean => {
  try {
    run(from.crypt, 'busybox', 'ping', '-q', '-c', '1', '-W', String(seconds), vtepOf(to));
    return true;
  } catch {
    return false;
  }
};

/** Looked at as passes do until there is nothing to do: who has answered is asked no more. */
const settles = (host: MeshHost, nodes = both()) =>
  expect.poll(() => host.converge(nodes), { interval: 200, timeout: 20_000 }).toEqual([]);

describe('the mesh', () => {
  test('is a namespace with lo and one device, whose socket is the host’s, and works at once', async () => {
    for (const host of [a, b]) await host.converge(both());
    for (const host of [a, b]) await settles(host);
    expect(names(a.crypt)).toEqual(['lo', linkOf(a)]);
    expect(rows(a.crypt, 'ip', '-j', 'link', 'show', linkOf(a))).toMatchObject([{ mtu: 1440 }]);
    expect(run(a.path, 'ss', '-Huln')).toContain(`:${DEFAULT_MESH_PORT}`);
    expect(run(a.crypt, 'ss', '-Huln')).toBe('');
    expect(names(a.path)).toEqual(['lo', 'eth0']);
    expect(reaches(a, b)).toBe(true);
    expect(await a.observe()).toMatchObject({
      quiet: true,
      devices: [{ port: DEFAULT_MESH_PORT, peers: [{ key: keyOf(b), handshake: expect.any(Number) }] }],
    });
  });

  test('is what it was after a restart, and mended when somebody spoils it', async () => {
    for (const host of [a, b]) await host.converge(both());
    await settles(a);
    a.restart();
    expect(await a.converge(both())).toEqual([]);
    const link = linkOf(a);
    const spoil = {
      setCryptUp: () => run(a.crypt, 'ip', 'link', 'set', link, 'down'),
      createWireguard: () => run(a.crypt, 'ip', 'link', 'delete', link),
      setCryptMtu: () => run(a.crypt, 'ip', 'link', 'set', link, 'mtu', '1300'),
      replaceCryptRoutes: () => run(a.crypt, 'ip', 'route', 'flush', 'table', 'main'),
      addVtep: () => run(a.crypt, 'ip', 'address', 'flush', 'dev', link),
      quietMesh: () => run(a.crypt, 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward'),
      setCryptDown: () => run(a.crypt, 'sh', '-c', 'ip link add way-out type dummy && ip link set way-out up'),
      mountCrypt: () => run('/proc/self/ns/net', 'umount', a.crypt),
    };
    for (const [kind, work] of Object.entries(spoil)) {
      work();
      expect((await a.converge(both())).map((s) => s.kind)).toContain(kind);
      await settles(a);
      expect(reaches(a, b), kind).toBe(true);
    }
  });

  test('is made anew where its namespace was deleted', async () => {
    for (const host of [a, b]) await host.converge(both());
    a.restart();
    await a.observe();
    removeNamespace(a.crypt);
    await a.converge(both());
    await settles(a);
    expect(reaches(a, b)).toBe(true);
  });

  test('says which port another program has, and works once that is free', async () => {
    const script = `require('node:dgram').createSocket('udp4').bind(${DEFAULT_MESH_PORT}, () => console.log('bound'))`;
    const other = spawn('nsenter', [`--net=${a.path}`, process.execPath, '-e', script]);
    await once(other.stdout, 'data');
    await expect(a.converge(both())).rejects.toThrow(
      /^another program has a UDP port .* WIREGUARD_PORT or the next one/,
    );
    other.kill();
    await once(other, 'exit');
    for (const host of [a, b]) await host.converge(both());
    expect(reaches(a, b)).toBe(true);
  });

  test('a host that is gone from the cluster is no peer any more', async () => {
    for (const host of [a, b]) await host.converge(both());
    expect(reaches(a, b)).toBe(true);
    expect((await a.converge([a.node])).map((s) => s.kind)).toEqual(['removeCryptRoutes', 'removePeers']);
    expect(await a.observe()).toMatchObject({ devices: [{ peers: [] }], routes: [] });
    expect(reaches(b, a, 2)).toBe(false);
  });

  test('a thousand peers are put and read within a second or two', async () => {
    const key = (n: number) => Buffer.from((n + 4096).toString(16).padStart(64, '0'), 'hex').toString('base64');
    const others = Array.from({ length: 1000 }, (_, n) => ({
      ...b.node,
      id: n.toString(16).padStart(16, '0') as typeof b.node.id,
      address: `10.1.${n >> 8}.${n & 255}` as NodeAddress,
      crypt: { keys: [{ key: key(n) as PublicKey, port: DEFAULT_MESH_PORT }] },
    }));
    await a.converge([a.node, ...others]);
    expect(await a.converge([a.node, ...others])).toEqual([]);
    expect((await a.observe())?.devices[0]?.peers).toHaveLength(1000);
  });
});
