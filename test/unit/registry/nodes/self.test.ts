/** What a start finds out of itself, and what it remembers of that. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { StoreError, UserError } from '../../../../src/errors.js';
import type { Origin, Remembered } from '../../../../src/model/cluster/origin.js';
import { keys } from '../../../../src/model/values/names.js';
import type { EndpointId, Mac, NamespaceName, NetworkId, NodeAddress } from '../../../../src/model/values/types.js';
import { Identity } from '../../../../src/registry/nodes/identity.js';
import { carriedBy, findSelf, SelfFinder, type SelfMemory } from '../../../../src/registry/nodes/self.js';
import { formatNode } from '../../../../src/store/records/records.js';
import { quickTimers } from '../../../fakes/quick-timers.js';
import { FakeStore } from '../../../fakes/store.js';
import { idOf, nodeOf } from '../../nodes.js';
import { makeHost } from '../host.js';

quickTimers();

const ADDRESS = '10.0.0.60' as NodeAddress;
const OWN = idOf('own');
const [OS, BOOT, BEFORE] = ['1', '2', '3'].map((digit) => digit.repeat(32)) as [string, string, string];
const origin: Origin = { hostname: 'docker01', machine: { os: OS }, boot: BOOT };

/** No container runs. */
const none = async () => new Map<NetworkId, ReadonlySet<EndpointId>>();

class PaperMemory implements SelfMemory {
  copied = 0;
  cluster: string | undefined;
  node: Remembered | undefined;
  constructor(node?: Remembered) {
    this.node = node;
  }
  rememberNode(node: Remembered) {
    this.node = node;
  }
  forgetCopied() {
    this.copied++;
  }
  rememberCluster() {}
}

const record = (hostname: string, boot: string, address = ADDRESS as string) =>
  formatNode(nodeOf(address, { id: OWN, hostname, boot, machine: { os: OS } }));

afterEach(() => vi.useRealTimers());

describe('find', () => {
  it('makes an id once, and has it from then on', async () => {
    const store = new FakeStore();
    const memory = new PaperMemory();
    const id = await new SelfFinder({ store, memory, origin, address: ADDRESS, carried: none }).find();
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(memory.node).toEqual({ id, machine: { os: OS }, boot: BOOT });
    const later = { ...origin, boot: BEFORE, hostname: 'renamed' };
    expect(
      await new SelfFinder({ store, memory, origin: later, address: '10.0.0.70' as NodeAddress, carried: none }).find(),
    ).toBe(id);
    expect(memory.node).toMatchObject({ id, boot: BEFORE });
  });

  it('finds it again in its record when DATA_DIR was lost, or could never be written', async () => {
    const memory = new PaperMemory();
    const store = new FakeStore().put({ [keys.node(ADDRESS)]: record('docker01', BOOT) });
    expect(await new SelfFinder({ store, memory, origin, address: ADDRESS, carried: none }).find()).toBe(OWN);
    expect(memory.node).toMatchObject({ id: OWN });
  });

  it('finds it by the links in the kernel when its record is gone too', async () => {
    const store = new FakeStore();
    const host = await makeHost(store, '10.0.0.60');
    const network = await host.createNetwork(1);
    await host.networksSeen(network);
    const { id } = await host.run(10, network);
    host.stop();
    await store.commit([{ verb: 'delete', key: keys.node(ADDRESS) }]);
    const link = { index: 1, mtu: 1450, up: true, master: '', mac: '' as Mac };
    const kernel = {
      namespaces: async () => ['1-0000000000' as NamespaceName],
      observe: async (name: NamespaceName) => ({
        ...{ name, addresses: [], neighbours: [], fdb: [], statics: [], sysctls: new Map(), filters: [] },
        links: [
          { ...link, name: 'br0', kind: 'bridge', alias: network },
          { ...link, name: 'veth0', kind: 'veth', alias: id },
        ],
      }),
    };
    const finder = new SelfFinder({
      store,
      memory: new PaperMemory(),
      origin,
      address: ADDRESS,
      carried: () => carriedBy(kernel),
    });
    expect(await finder.find()).toBe(host.self);
  });

  it('gives a copied folder an id of its own, forgets where the other one’s containers are, and says so', async () => {
    const memory = new PaperMemory({ id: OWN, machine: { os: BEFORE }, boot: BEFORE });
    const told = vi.fn();
    const id = await new SelfFinder({
      store: new FakeStore(),
      memory,
      origin,
      address: ADDRESS,
      carried: none,
      onClone: told,
    }).find();
    expect(id).not.toBe(OWN);
    expect(memory).toMatchObject({ copied: 1, node: { id, machine: { os: OS } } });
    expect(told.mock.calls).toEqual([[OWN, id]]);
  });

  it('keeps what a process saw of the machine and the managed plugin cannot see', async () => {
    const memory = new PaperMemory({ id: OWN, machine: { os: OS }, boot: BEFORE });
    const board = '4'.repeat(32);
    await new SelfFinder({
      store: new FakeStore(),
      memory,
      origin: { ...origin, machine: { board } },
      address: ADDRESS,
      carried: none,
    }).find();
    expect(memory.node).toEqual({ id: OWN, machine: { os: OS, board }, boot: BOOT });
  });

  it('waits for a session that may be its own, says for whose, and is another one when that lives on', async () => {
    vi.useFakeTimers();
    const store = new FakeStore();
    await store.hold(keys.node('10.0.0.61'), record('docker01', BEFORE, '10.0.0.61'));
    const memory = new PaperMemory({ id: OWN, machine: { os: OS }, boot: BEFORE });
    const finder = new SelfFinder({ store, memory, origin, address: ADDRESS, carried: none });
    await expect(finder.find()).rejects.toThrow(`host docker01 (${OWN}) lives at 10.0.0.61, as this host did`);
    vi.advanceTimersByTime(30_000);
    await expect(finder.find()).rejects.toThrow('waiting for that session to end');
    expect(memory.node?.boot, 'nothing is decided').toBe(BEFORE);
    vi.advanceTimersByTime(15_000);
    expect(await finder.find()).not.toBe(OWN);
  });
});

describe('a start', () => {
  const identity = (store: FakeStore, port = 4789) => new Identity(store, new PaperMemory(), port);
  const copy = (value: string) => () => [
    { ...{ key: keys.node(ADDRESS), value, index: 1, born: 1, held: true, everHeld: true } },
  ];

  it('goes by memory, or by the copy, where the store does not answer, and remembers nothing of that', async () => {
    const store = new FakeStore();
    store.fail();
    const memory = new PaperMemory({ id: OWN, machine: { os: OS }, boot: BEFORE });
    const find = (m: SelfMemory, from: () => readonly never[] | ReturnType<ReturnType<typeof copy>>) =>
      findSelf(
        new SelfFinder({ store, memory: m, origin, address: ADDRESS, carried: none }),
        identity(store),
        from,
        3_000,
      );
    expect(await find(memory, () => [])).toBe(OWN);
    expect(memory.node?.boot).toBe(BEFORE);
    const lost = new PaperMemory();
    expect(await find(lost, copy(record('docker01', BOOT)))).toBe(OWN);
    expect(await find(lost, copy(record('docker09', BEFORE)))).not.toBe(OWN);
    expect(lost.node).toBeUndefined();
  });

  it('waits for a silent store a moment only, where it has asked since the boot', async () => {
    const silent = new FakeStore();
    silent.get = () => new Promise<never>(() => {});
    const memory = new PaperMemory({ id: OWN, machine: {}, boot: BOOT });
    const began = performance.now();
    const start = findSelf(
      new SelfFinder({ store: silent, memory, origin, address: ADDRESS, carried: none }),
      identity(silent),
      () => [],
      30_000,
    );
    expect(await start).toBe(OWN);
    expect(performance.now() - began).toBeLessThan(15_000);
  });

  it('does not wait for ever for a store that is silent', async () => {
    const silent = { list: () => new Promise<never>(() => {}) };
    const memory = new PaperMemory({ id: OWN, machine: { os: OS }, boot: BEFORE });
    const finder = new SelfFinder({ store: silent, memory, origin, address: ADDRESS, carried: none });
    expect(await findSelf(finder, identity(new FakeStore()), () => [], 20)).toBe(OWN);
  });

  it('is refused with both ports where the cluster has another one', async () => {
    const store = new FakeStore();
    expect(await identity(store, 4790).read()).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse((await store.get(keys.cluster))?.value ?? '')).toMatchObject({ version: 2, vxlanPort: 4790 });
    const start = findSelf(
      new SelfFinder({ store, memory: new PaperMemory(), origin, address: ADDRESS, carried: none }),
      identity(store),
      () => [],
      3_000,
    );
    const again = new PaperMemory({ id: OWN, machine: { os: OS }, boot: BOOT });
    const restart = findSelf(
      new SelfFinder({ store, memory: again, origin, address: ADDRESS, carried: none }),
      identity(store),
      () => [],
      3_000,
    );
    await expect(restart).rejects.toThrow('VXLAN_PORT is 4789 on this host and 4790 in the cluster');
    await expect(start).rejects.toThrow(
      new UserError(
        'VXLAN_PORT is 4789 on this host and 4790 in the cluster; set VXLAN_PORT=4790 here, for all hosts must have the same',
      ),
    );
  });

  it('is not refused for a record that somebody spoilt', async () => {
    const store = new FakeStore().put({ [keys.cluster]: '{"version":2,"id":"a","vxlanPort":0}' });
    await expect(identity(store).read()).resolves.toMatch(/^[0-9a-f]{64}$/);
    store.fail(new StoreError('gone', false));
    await expect(identity(store).read()).rejects.toThrow('gone');
  });
});
