import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgetNode } from '../../../src/cli/forget.js';
import { addressLines, guardLines, readStatus, statusLines } from '../../../src/cli/status.js';
import type { Cidr, NetworkId, NodeAddress, PublicKey } from '../../../src/model/values/types.js';
import { formatNode } from '../../../src/store/records/records.js';
import { FakeStore } from '../../fakes/store.js';
import { network as networkOf } from '../model/fixtures.js';
import { livingNode, nodeOf } from '../nodes.js';
import { makeHost } from '../registry/host.js';

type Host = Awaited<ReturnType<typeof makeHost>>;

let store: FakeStore;
let one: Host;
let two: Host;
let network: NetworkId;

beforeEach(async () => {
  store = new FakeStore();
  one = await makeHost(store, '10.0.0.60');
  two = await makeHost(store, '10.0.0.61');
  network = await one.createNetwork(1);
  await one.networks.announce(network, { name: 'shop', labels: {}, attachable: false }, new Map());
  await one.run(10, network);
  await two.run(20, network);
  await two.run(21, network);
});
afterEach(() => {
  one.stop();
  two.stop();
});

describe('tsoverlay node forget', () => {
  it('frees all that a host held, and nothing else', async () => {
    expect(await forgetNode(store, '10.0.0.61')).toEqual({ endpoints: 2, addresses: 2, pools: 0 });
    expect(await store.keys('endpoints/')).toHaveLength(1);
    expect(await store.keys('addresses/')).toHaveLength(1);
    expect(await store.keys(`members/${two.self}/`)).toEqual([]);
    expect(await store.keys('nodes/')).toEqual(['nodes/10.0.0.60']);
    expect(await store.keys('networks/')).toHaveLength(1);
  });

  it('is refused while the node is alive', async () => {
    const node = await store.get('nodes/10.0.0.61');
    await store.hold('nodes/10.0.0.61', node?.value ?? '');
    await expect(forgetNode(store, '10.0.0.61')).rejects.toThrow('node 10.0.0.61 is alive');
    expect(await store.keys('endpoints/')).toHaveLength(3);
  });

  it('takes nothing more from a node that starts meanwhile', async () => {
    const node = await store.get('nodes/10.0.0.61');
    let commits = 0;
    store.beforeCommit = async () => {
      if (++commits !== 2) return;
      store.beforeCommit = undefined;
      await store.hold('nodes/10.0.0.61', node?.value ?? '');
    };
    await expect(forgetNode(store, '10.0.0.61')).rejects.toThrow('so it lives');
    expect(await store.keys(`members/${two.self}/`)).toEqual([]);
    expect(await store.keys('endpoints/')).toHaveLength(3);
    expect(await store.keys('heads/')).toHaveLength(2);
  });

  it('by the id frees what a node without a record holds, and does not while it lives elsewhere', async () => {
    await store.commit([{ verb: 'delete', key: 'nodes/10.0.0.61' }]);
    const waits = (await readStatus(store)).endpoints.filter((e) => e.node === two.self).length;
    expect(statusLines(await readStatus(store))).toContain(
      `waiting for ${two.self}: ${waits} endpoints; if it never returns: tsoverlay node forget ${two.self}`,
    );
    const moved = await store.hold('nodes/10.0.0.77', formatNode(nodeOf('10.0.0.77', { id: two.self })));
    await expect(forgetNode(store, two.self)).rejects.toThrow(`node ${two.self} is alive`);
    await moved.release();
    expect(await forgetNode(store, two.self)).toEqual({ endpoints: 2, addresses: 2, pools: 0 });
    expect(await store.keys('nodes/')).toEqual(['nodes/10.0.0.60']);
  });

  it('of an address says nothing of the host that had it before', async () => {
    const heir = await makeHost(store, '10.0.0.62');
    store.put({ 'nodes/10.0.0.61': formatNode(nodeOf('10.0.0.61', { id: heir.self })) });
    expect(await forgetNode(store, '10.0.0.61')).toMatchObject({ endpoints: 0, addresses: 0 });
    expect(await store.keys('endpoints/')).toHaveLength(3);
    heir.stop();
  });

  it('of a node that nobody knows says so', async () => {
    await expect(forgetNode(store, '10.0.0.99')).rejects.toThrow(
      'node 10.0.0.99 holds nothing in the cluster; tsoverlay status lists the nodes',
    );
    await expect(forgetNode(store, 'docker-10.0.0.61')).rejects.toThrow(
      'a host of that name has the address 10.0.0.61',
    );
  });
});

it('tsoverlay status lists nodes and networks, what waits, and what cannot be read', async () => {
  store.put({ 'nodes/10.0.0.99': '{"version":4}' });
  expect(statusLines(await readStatus(store))).toEqual([
    '2 nodes',
    '  10.0.0.60  docker-10.0.0.60  away  id 302e302e  MTU 1500  1 endpoints',
    '  10.0.0.61  docker-10.0.0.61  away  id 302e302e  MTU 1500  2 endpoints',
    '1 networks',
    '  shop  172.16.1.0/24  VNI 256  3 endpoints',
    'waiting for 10.0.0.60: 1 endpoints; if it never returns: tsoverlay node forget 10.0.0.60',
    'waiting for 10.0.0.61: 2 endpoints; if it never returns: tsoverlay node forget 10.0.0.61',
    'nodes/10.0.0.99 has version 4, which a newer release wrote; it is left alone',
  ]);
});

it('tsoverlay status says what packets of containers may have, where that is known', async () => {
  const status = await readStatus(store);
  const shop = (self?: string) => statusLines(status, true, self as NodeAddress | undefined)[4];
  expect(shop('10.0.0.60')).toBe('  shop  172.16.1.0/24  VNI 256  MTU 1450  3 endpoints');
  expect([shop('10.0.0.99'), shop()]).toEqual(Array(2).fill('  shop  172.16.1.0/24  VNI 256  3 endpoints'));
  const networks = status.networks.map((n) => ({ ...n, mtu: 1400, options: { encrypted: '' } }));
  expect(statusLines({ ...status, networks }, true, 'fd00::60' as NodeAddress)[4]).toContain('  MTU 1270  ');
});

it('tsoverlay status of a host by itself names no command that is for several', async () => {
  const lines = statusLines(await readStatus(store), false);
  expect(lines).toContain('waiting for 10.0.0.60: 1 endpoints');
  expect(lines.join()).not.toContain('node forget');
});

it('tsoverlay status says which hosts can encrypt, and which networks are encrypted', () => {
  const key = { key: 'k' as PublicKey, port: 51_840 };
  const nodes = [livingNode('10.0.0.60', { crypt: { keys: [key] } }), livingNode('10.0.0.61')];
  const networks = ['', 'false'].map((encrypted) => networkOf({ options: { encrypted } }));
  const lines = statusLines({ nodes, networks, endpoints: [], unreadable: [] });
  expect(lines.map((line) => /WireGuard$|encrypted$/.exec(line)?.[0])).toEqual([
    ...[undefined, 'WireGuard', undefined],
    ...[undefined, 'encrypted', undefined],
  ]);
});

it('tsoverlay status says when the address of its host is that of another living one', async () => {
  const record = (await store.get('nodes/10.0.0.61'))?.value ?? '';
  const self = { address: '10.0.0.61' as NodeAddress, hostname: 'docker09', id: one.self, boot: 'x' };
  expect(addressLines(await readStatus(store), self)).toEqual([]);
  await store.hold('nodes/10.0.0.61', record);
  const status = await readStatus(store);
  expect(addressLines(status, self)).toEqual([
    `warning: 10.0.0.61 is the address of host docker-10.0.0.61 (${two.self}), which lives, so that host docker09 (${one.self}) cannot have it and changes nothing; give one of the two another CLUSTER_ADVERTISE`,
  ]);
  expect(addressLines(status, { ...self, id: two.self })).toEqual([]);
  expect(addressLines(status, { ...self, boot: nodeOf('10.0.0.61').boot })).toEqual([]);
});

it('tsoverlay status tells what the guard has dropped', () => {
  expect(guardLines(undefined, 4789)).toEqual(['UDP 4789 of this host is not guarded']);
  expect(guardLines(new Map([['forward', 7]]), 4790)).toEqual([
    'UDP 4790 of this host is guarded; datagrams dropped:',
    '  forward  7  from a container, or through this host otherwise',
  ]);
});

describe('what others wrote', () => {
  const ESCAPES = '\u001b[2J\u202E\u009b1m\n10.0.0.62  docker03  alive';

  it('is shown on one line each, and no terminal obeys it', async () => {
    store.forge({
      [`nodes/${ESCAPES}`]: '{}',
      'nodes/10.0.0.99': formatNode(nodeOf('10.0.0.99')),
      [`networks/${ESCAPES}`]: '{"version":7}',
    });
    const lines = statusLines(await readStatus(store));
    for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(lines.slice(-3)).toEqual([
      `nodes/\\u001b[2J\\u202e\\u009b1m\\u000a10.0.0.62  docker03  alive is no JSON record with a version; it is left alone`,
      'nodes/10.0.0.99 was never held by a session, so that no host wrote it; it is left alone',
      expect.stringContaining('has version 7, which a newer release wrote; it is left alone'),
    ]);
    expect(lines[0]).toBe('2 nodes');
  });

  it('is counted beyond a hundred lines', async () => {
    for (let i = 0; i < 500; i++) store.forge({ [`nodes/${i}`]: 'garbage' });
    const lines = statusLines(await readStatus(store));
    expect(lines.length).toBeLessThan(120);
    expect(lines.at(-1)).toBe('400 more records cannot be read; they are left alone');
  });

  it('passes for no column', async () => {
    const other = await one.createNetwork(2, '172.16.2.0/24' as Cidr);
    const name = 'shop  172.16.1.0/24  VNI 1';
    await one.networks.announce(other, { name, labels: {}, attachable: false }, new Map());
    expect(statusLines(await readStatus(store))).toContain(`  "${name}"  172.16.2.0/24  VNI 257  0 endpoints`);
  });
});
