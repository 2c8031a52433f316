/** News of endpoints over a real Consul: what it costs, how many connections, and that none is ever lost. */

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { Entry, Op, Store } from '../../src/model/ports/ports.js';
import { keys } from '../../src/model/values/names.js';
import type { Cidr, Endpoint, EndpointId, Mac, NetworkId, NodeId } from '../../src/model/values/types.js';
import { type EndpointAttempt, Heads } from '../../src/registry/local/heads.js';
import { ConsulStore } from '../../src/store/consul/consul.js';
import { formatEndpoint } from '../../src/store/records/records.js';
import { ClusterView } from '../../src/store/view/cluster-view.js';
import { ConsulAgent } from './consul-agent.js';
import { Wire } from './wire.js';

/** The whole of 10,000 takes two minutes. */
const EVENTS = Number(process.env.EVENTS ?? 600);

const hexId = (n: number): string => n.toString(16).padStart(64, '0');
const network = hexId(0xa0) as NetworkId;
const ownerOf = (n: number): NodeId => n.toString(16).padStart(16, '0') as NodeId;

const endpoint = (owner: NodeId, n: number, names: readonly string[] = []): Omit<Endpoint, 'index'> => ({
  ...{ id: hexId(n) as EndpointId, network, node: owner, mac: '02:42:ac:10:01:01' as Mac, names },
  ...{ addresses: [`172.16.${(n >> 8) & 255}.${n & 255}/16` as Cidr], container: hexId(n), created: 1_700_000_000_000 },
});
const keyOf = (owner: NodeId, n: number): string => keys.endpoint(network, owner, hexId(n));

let agent: ConsulAgent;
let rounds = 0;
const cleanUp: (() => unknown)[] = [];
beforeAll(async () => {
  agent = await ConsulAgent.make(1, 'limits { http_max_conns_per_client = 10000 }');
  agent.start();
  await agent.leads();
});
afterAll(() => agent.remove());
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

const open = (prefix: string, port = agent.port): ConsulStore => {
  const store = new ConsulStore({ servers: [{ host: '127.0.0.1', port }], prefix });
  cleanUp.push(() => store.close());
  return store;
};
const watch = (store: Store, networks: readonly NetworkId[] = [network]): ClusterView => {
  const stop = new AbortController();
  cleanUp.push(() => stop.abort());
  const view = new ClusterView(store);
  for (const id of networks) view.subscribe(id);
  view.start(stop.signal);
  return view;
};
const valuesOf = (view: ClusterView): readonly string[] =>
  [...(view.current.endpoints.get(network)?.values() ?? [])]
    .map((e) => `${e.node} ${e.id} ${formatEndpoint(e)}`)
    .sort();

/** One host's endpoints, changed by its own writer as the registry does it. */
class Writer {
  private heads: Heads;
  private readonly mine = new Set<number>();
  constructor(
    private readonly store: Store,
    readonly owner: NodeId,
  ) {
    this.heads = new Heads(store, owner);
  }

  /** As a new process would: it knows nothing of the head that stands. */
  restart(): void {
    this.heads = new Heads(this.store, this.owner);
  }

  async step(n: number): Promise<void> {
    const owned = [...this.mine];
    const known = owned[Math.floor(Math.random() * owned.length)];
    const dice = Math.random();
    if (known === undefined || dice < 0.4) await this.create(n);
    else if (dice < 0.7) await this.change(known, `name-${n}`);
    else await this.remove(known);
  }

  async create(n: number, isQuiet = Math.random() < 0.5): Promise<void> {
    const value = formatEndpoint(endpoint(this.owner, n));
    await this.write(n, (key, entry) => (entry === undefined ? [{ verb: 'create', key, value }] : []), isQuiet);
    this.mine.add(n);
  }

  async change(n: number, name: string): Promise<void> {
    const value = formatEndpoint(endpoint(this.owner, n, [name]));
    await this.write(n, (key, entry) =>
      entry === undefined || entry.value === value ? [] : [{ verb: 'update', key, value, index: entry.index }],
    );
  }

  async remove(n: number): Promise<void> {
    await this.write(n, (key, entry) => (entry === undefined ? [] : [{ verb: 'delete', key }]));
    this.mine.delete(n);
    // As a host that leaves the network for a while.
    if (this.mine.size === 0) await this.store.commit([this.heads.endOp(network)]).catch(() => undefined);
  }

  private async write(
    n: number,
    opsFor: (key: string, entry: Entry | undefined) => readonly Op[],
    isQuiet = false,
  ): Promise<void> {
    const key = keyOf(this.owner, n);
    const attempt = async (): Promise<EndpointAttempt<void>> => {
      const ops = opsFor(key, await this.store.get(key));
      return { ops, result: undefined, changes: [hexId(n) as EndpointId], isQuiet };
    };
    await this.heads.transact(network, attempt);
  }
}

/** Ten hosts do so many steps while connections are cut, and every view has in the end what the store has. */
async function walk(steps: number, step: (writer: Writer, n: number) => Promise<void>): Promise<readonly string[]> {
  const prefix = `events-${rounds++}/`;
  const wires = await Promise.all(Array.from({ length: 4 }, () => Wire.to(agent.port)));
  cleanUp.push(() => wires.map((wire) => wire.close()));
  const views = wires.map((wire) => watch(open(prefix, wire.port)));
  // Writers lose answers too.
  const lossy = await Wire.to(agent.port);
  cleanUp.push(() => lossy.close());
  const writers = Array.from({ length: 10 }, (_, i) => new Writer(open(prefix, lossy.port), ownerOf(i)));
  let done = 0;
  const work = writers.map(async (writer, w) => {
    for (let i = w; i < steps; i += writers.length) {
      await step(writer, 1_000 + i);
      done++;
      if (Math.random() < 0.02) writer.restart();
    }
  });
  const cutting = (async () => {
    while (done < steps) {
      await sleep(40);
      wires[Math.floor(Math.random() * wires.length)]?.cut(0.5);
      if (Math.random() < 0.1) lossy.cut(0.3);
    }
  })();
  await Promise.all([...work, cutting]);
  const { entries } = await open(prefix).list(keys.endpoints(network));
  const truth = entries.map((e) => `${e.key.split('/')[2]} ${e.key.split('/')[3]} ${e.value}`).sort();
  for (const view of views) await vi.waitFor(() => expect(valuesOf(view)).toEqual(truth), { timeout: 10_000 });
  return truth;
}

it(`${EVENTS} random changes by ten hosts, with connections cut at random: every view has them all`, async () => {
  const truth = await walk(EVENTS, (writer, n) => writer.step(n));
  expect(truth.length).toBeGreaterThan(10);
}, 600_000);

it(`${EVENTS} short visits by ten hosts, with connections cut at random: nobody keeps one that has left`, async () => {
  const truth = await walk(EVENTS, async (writer, n) => {
    await writer.create(n);
    await writer.remove(n);
  });
  expect(truth).toEqual([]);
}, 600_000);

/** Bytes that a watching host receives for one attach elsewhere: the record, quietly, then the name. */
async function bytesPerAttach(each: number): Promise<number> {
  const prefix = `tsoverlay-${rounds++}/`;
  const store = open(prefix);
  await inhabit(store);
  const owners = Array.from({ length: 100 }, (_, i) => ownerOf(i));
  for (const [o, owner] of owners.entries())
    for (let i = 0; i < each; i += 40) {
      const some = Array.from({ length: Math.min(40, each - i) }, (_, k) => 1_000 + o * 64 + i + k);
      const creations = some.map((n): Op => {
        const value = formatEndpoint(endpoint(owner, n, [`container-${n}`, hexId(n).slice(-12)]));
        return { verb: 'create', key: keyOf(owner, n), value };
      });
      await store.commit(creations);
    }
  const writers = owners.map((owner) => new Writer(store, owner));
  for (const [w, writer] of writers.entries()) await writer.change(1_000 + w * 64, 'first');
  const wire = await Wire.to(agent.port);
  cleanUp.push(() => wire.close());
  const view = watch(open(prefix, wire.port));
  await view.ready(20_000);
  const all = () => view.current.endpoints.get(network);
  expect(all()?.size).toBe(100 * each);
  await sleep(500);
  const [before, attaches] = [wire.received, 10];
  for (let i = 0; i < attaches; i++) {
    const [writer, n] = [writers[i * 7], 50_000 + i];
    await writer?.create(n, true);
    await writer?.change(n, 'name');
    const named = () => all()?.get(hexId(n) as EndpointId)?.names;
    await vi.waitFor(() => expect(named()).toEqual(['name']), { timeout: 5_000, interval: 5 });
  }
  await sleep(200);
  return (wire.received - before) / attaches;
}

/** A watch of what has no key yet is told of whatever happens beside it; no cluster is without nodes and networks. */
const inhabit = (store: Store) =>
  store.commit([keys.node('0'), keys.network('0')].map((key): Op => ({ verb: 'create', key, value: '' })));

it('what happens in networks that it takes no part in costs a host nothing', async () => {
  const prefix = `tsoverlay-${rounds++}/`;
  const store = open(prefix);
  await inhabit(store);
  const mine = Array.from({ length: 32 }, (_, i) => hexId(i + 1) as NetworkId);
  const attach = async (id: NetworkId, n: number) => {
    const record = { ...endpoint(ownerOf(n % 10), n), network: id };
    const key = keys.endpoint(id, record.node, record.id);
    const ops: Op[] = [
      { verb: 'create', key: keys.lease('172.16.0.0/16', `172.16.1.${n}`), value: '' },
      { verb: 'create', key, value: formatEndpoint(record) },
    ];
    await new Heads(store, record.node).transact(id, async () => ({ ops, result: undefined, changes: [record.id] }));
  };
  for (const [i, id] of mine.entries()) await attach(id, i);
  const wire = await Wire.to(agent.port);
  cleanUp.push(() => wire.close());
  await watch(open(prefix, wire.port), mine).ready(10_000);
  await sleep(500);
  const before = wire.received;
  // Each of them in a bucket with one that is ours.
  for (let n = 100; n < 164; n++) await attach(hexId(n) as NetworkId, n);
  await sleep(300);
  expect(wire.received - before).toBe(0);
}, 60_000);

it('an attach elsewhere costs a watching host 40 KB or less, among 500 endpoints as among 5,000', async () => {
  const [few, many] = [await bytesPerAttach(5), await bytesPerAttach(50)];
  process.stdout.write(`bytes per attach: ${Math.round(few)} at 500, ${Math.round(many)} at 5,000\n`);
  expect(many).toBeLessThanOrEqual(40_000);
  expect(many).toBeLessThanOrEqual(2 * few);
}, 120_000);

/** Established connections of this process to a port, as the kernel counts them. */
function connections(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return lines.filter((line) => new RegExp(`^ *\\d+: [0-9A-F]{8}:[0-9A-F]{4} [0-9A-F]{8}:${hex} 01 `).test(line))
    .length;
}

it('a host with 300 networks has 40 connections or fewer, commits as ever, and hears of each network', async () => {
  const prefix = `networks-${rounds++}/`;
  const wire = await Wire.to(agent.port);
  cleanUp.push(() => wire.close());
  const store = open(prefix, wire.port);
  const networks = Array.from({ length: 300 }, (_, i) => hexId(i * 7 + 1) as NetworkId);
  const view = watch(store, networks);
  let most = 0;
  const counting = setInterval(() => {
    most = Math.max(most, connections(wire.port));
  }, 5);
  cleanUp.push(() => clearInterval(counting));
  await view.ready(20_000);
  const other = open(prefix);
  const written = networks.filter((_, i) => i % 60 === 0);
  for (const id of written) {
    const record = { ...endpoint(ownerOf(1), 7), network: id };
    const heads = new Heads(other, record.node);
    const ops: Op[] = [
      { verb: 'create', key: keys.endpoint(id, record.node, record.id), value: formatEndpoint(record) },
    ];
    await heads.transact(id, async () => ({ ops, result: undefined, changes: [record.id] }));
    await vi.waitFor(() => expect(view.current.endpoints.get(id)?.size).toBe(1), 5_000);
  }
  await Promise.all(Array.from({ length: 30 }, (_, i) => store.commit([{ verb: 'set', key: `busy/${i}`, value: '' }])));
  expect(most).toBeGreaterThan(30);
  expect(most).toBeLessThanOrEqual(40);
}, 60_000);
