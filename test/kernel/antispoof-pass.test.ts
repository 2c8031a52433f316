/** Passes over a real kernel: what a restart of the process makes of filters, and what a broken one comes back as. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Log } from '../../src/health/events.js';
import { UNMEASURED } from '../../src/health/measures.js';
import { NOBODY } from '../../src/health/row.js';
import type { LinuxKernel } from '../../src/kernel/host.js';
import type { Cidr, EndpointId, Mac, NetworkId, NodeAddress } from '../../src/model/values/types.js';
import { HostPass } from '../../src/reconcile/host/host-pass.js';
import { Peers } from '../../src/registry/endpoints/peers.js';
import { FakeStore } from '../fakes/store.js';
import { selfOf } from '../unit/model/fixtures.js';
import { hexId, makeHost, POOL } from '../unit/registry/host.js';
import { Bench, type Host, run } from './bench.js';

const SELF = '10.0.0.1' as NodeAddress;
const TRUSTED = { prunes: true, refusal: undefined };
const SIX = 'fd00:1::/64' as Cidr;
const network = hexId(1) as NetworkId;
const namespace = `1-${network.slice(0, 10)}`;

let bench: Bench;
let host: Host;
let store: FakeStore;
const ending: (() => void)[] = [];
const warnings: unknown[] = [];

/** What a start of the process makes: it knows the store, and finds the kernel as it is. */
async function start(kernel: LinuxKernel) {
  const registry = await makeHost(store, SELF);
  const { view, local, membership } = registry;
  await registry.networksSeen(network);
  const warn = (fields: object, text: string) => warnings.push({ ...fields, text });
  const log = { warn, debug: vi.fn(), error: warn } as unknown as Log;
  const peers = new Peers({
    view,
    self: registry.self,
    local,
    leases: { holder: async () => undefined },
  });
  const pass = new HostPass({
    ...{ kernel, view, local, membership, peers, log, meter: UNMEASURED, rows: NOBODY },
    self: { ...selfOf(SELF), mtu: () => 1500, acceleration: () => 'off' as const },
    tenure: TRUSTED,
  });
  const stop = () => {
    void pass.stop();
    registry.stop();
  };
  ending.push(stop);
  await pass.adopt();
  pass.open();
  return { ...registry, pass, stop };
}

const ruleset = () => run(`${host.netnsDir}/${namespace}`, 'nft', '-a', 'list', 'ruleset');
const listing = () => ruleset().replace(/packets \d+ bytes \d+/g, '');

beforeEach(async () => {
  bench = new Bench();
  host = bench.host('host', SELF);
  store = new FakeStore();
  warnings.length = 0;
  const maker = await makeHost(store, SELF);
  for (const pool of [POOL, SIX]) await maker.pools.claim(pool, undefined);
  await maker.networks.create({
    id: network,
    subnets: [POOL, SIX].map((pool) => ({ pool, aux: {} })),
    vnis: [],
    options: { 'tsoverlay.antispoof': 'on' },
    internal: false,
    ipv6: true,
    ipam: 'cluster',
  });
  maker.stop();
});
afterEach(() => {
  for (const end of ending.splice(0)) end();
  bench.close();
});

/** A host with three endpoints, as it is after their Joins. */
async function attached() {
  const first = await start(host.kernel);
  for (const n of [2, 3, 4]) {
    const id = String(n).repeat(64) as EndpointId;
    const addresses = [`172.16.1.${n}/24`, `fd00:1::${n}/64`] as Cidr[];
    await first.endpoints.create({ id, network, addresses, mac: `02:42:ac:10:01:0${n}` as Mac, leased: true });
    await vi.waitFor(() => expect(first.view.current.endpoints.get(network)?.has(id)).toBe(true));
    first.local.join(id, '/sandbox');
  }
  await first.pass.settled(network, 5_000);
  return first;
}

test('a restart changes no rule, whatever was dropped meanwhile', async () => {
  const first = await attached();
  const container = bench.namespace('container');
  run(host.path, 'ip', 'link', 'set', 'veth2222222', 'netns', container, 'name', 'eth0');
  run(container, 'ip', 'address', 'add', '172.16.1.77/24', 'dev', 'eth0');
  run(container, 'ip', 'link', 'set', 'eth0', 'up');
  run(container, 'sh', '-c', 'busybox arping -c1 -w1 -I eth0 172.16.1.3 || true');
  await vi.waitFor(() => expect(ruleset()).toMatch(/counter packets [1-9]/), { timeout: 5_000 });
  const before = listing();
  expect(before.match(/hook ingress/g)).toHaveLength(3);
  first.stop();

  const second = await start(bench.again(host, SELF));
  await vi.waitFor(() => expect(second.view.current.endpoints.get(network)?.size).toBe(3));
  await second.pass.settled(network, 5_000);
  expect(listing()).toBe(before);
  expect(warnings).toEqual([]);
});

test('what somebody takes away by hand is back within seconds, and that is told', async () => {
  await attached();
  const rules = () => ruleset().replace(/ # handle \d+/g, '');
  const before = rules();
  run(`${host.netnsDir}/${namespace}`, 'nft', 'delete', 'table', 'netdev', 'tsoverlay-veth1');
  await vi.waitFor(() => expect(rules().length).toBe(before.length), { timeout: 8_000 });
  // The rules stand a moment before whoever has them made knows.
  const told = [{ kind: 'replaceFilter', link: 'veth1', text: expect.stringContaining('repaired') }];
  await vi.waitFor(() => expect(warnings).toMatchObject(told));
});

test('who writes to the store does not switch it off', async () => {
  const { pass, view } = await attached();
  const before = listing();
  const key = `networks/${network}`;
  const record = JSON.parse((await store.get(key))?.value ?? '') as object;
  await store.commit([{ verb: 'set', key, value: JSON.stringify({ ...record, options: {} }) }]);
  // What comes later has been seen, so that has.
  await store.commit([{ verb: 'set', key: `${key}0`, value: '' }]);
  const index = (await store.list('networks/')).index;
  await view.reached('networks/', index, 5_000);
  await pass.settled(network, 5_000);
  expect(view.current.networks.get(network)?.options).toEqual({ 'tsoverlay.antispoof': 'on' });
  expect(listing()).toBe(before);
});
