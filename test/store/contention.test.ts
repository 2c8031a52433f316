/** Many hosts that want addresses of one network at the same moment, over a real Consul. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Cidr, NetworkId } from '../../src/model/values/types.js';
import { ConsulStore } from '../../src/store/consul/consul.js';
import { makeHost } from '../unit/registry/host.js';
import { ConsulAgent } from './consul-agent.js';

const POOL = '172.16.0.0/16' as Cidr;

let agent: ConsulAgent;
let rounds = 0;
beforeAll(async () => {
  // As on hosts with an address each: Consul's limit of connections is one client address's.
  agent = await ConsulAgent.make(1, 'limits { http_max_conns_per_client = 10000 }');
  agent.start();
  await agent.leads();
});
afterAll(() => agent.remove());

/** Hosts with stores of their own, which count what they ask for addresses. */
async function fleet(size: number) {
  const prefix = `fleet-${rounds++}/`;
  const asked = { writes: 0, lists: 0 };
  const stores: ConsulStore[] = [];
  const make = async (n: number) => {
    const store = new ConsulStore({ servers: [{ host: '127.0.0.1', port: agent.port }], prefix });
    stores.push(store);
    const host = await makeHost(store, `10.1.${Math.floor(n / 250)}.${(n % 250) + 1}`);
    const [commit, keys] = [store.commit.bind(store), store.keys.bind(store)];
    store.commit = (ops) => {
      if (ops.some((op) => op.verb === 'create' && op.key.startsWith('addresses/'))) asked.writes++;
      return commit(ops);
    };
    store.keys = (below) => {
      if (below.startsWith('addresses/')) asked.lists++;
      return keys(below);
    };
    return host;
  };
  const first = await make(0);
  const network = (await first.createNetwork(1, POOL)) as NetworkId;
  const hosts = [first, ...(await Promise.all(Array.from({ length: size - 1 }, (_, i) => make(i + 1))))];
  await Promise.all(hosts.map((host) => host.networksSeen(network)));
  const close = async () => {
    for (const host of hosts) host.stop();
    await Promise.all(stores.map((store) => store.close()));
  };
  return { hosts, network, asked, close };
}

type Fleet = Awaited<ReturnType<typeof fleet>>;
let all: Fleet | undefined;
beforeEach(() => () => all?.close());

/** Each host starts so many containers, all at once. */
const rush = ({ hosts, network }: Fleet, each: number, base: number) =>
  Promise.allSettled(
    hosts.flatMap((host, h) =>
      Array.from({ length: each }, (_, i) => host.run(base + h * each + i, network, '', POOL)),
    ),
  );

const addressesOf = (results: Awaited<ReturnType<typeof rush>>) =>
  results.map((r) => (r.status === 'fulfilled' ? r.value.address : String(r.reason)));

describe('addresses that are wanted by many at once', () => {
  it('300 containers on 20 hosts all get one, at 1.5 transactions each or less', async () => {
    all = await fleet(20);
    const addresses = addressesOf(await rush(all, 15, 1_000));
    expect(addresses.filter((a) => !a.endsWith('/16'))).toEqual([]);
    expect(new Set(addresses).size).toBe(300);
    expect(all.asked.writes / 300).toBeLessThanOrEqual(1.5);
  });

  it('100 hosts that ask for one each all get it', async () => {
    all = await fleet(100);
    const asked = await Promise.allSettled(all.hosts.map((host) => host.ipam.requestAddress(POOL, '')));
    expect(asked.filter((r) => r.status === 'rejected')).toEqual([]);
    expect(new Set(asked.map((r) => r.status === 'fulfilled' && r.value)).size).toBe(100);
  });

  it('one host never races itself, asks for no list and takes the lowest', async () => {
    all = await fleet(2);
    await rush({ ...all, hosts: all.hosts.slice(0, 1) }, 1, 1_000);
    const [host] = all.hosts;
    await host?.view.ready(2_000);
    all.asked.lists = all.asked.writes = 0;
    const addresses = addressesOf(await rush({ ...all, hosts: all.hosts.slice(0, 1) }, 60, 2_000));
    expect(new Set(addresses)).toEqual(new Set(Array.from({ length: 60 }, (_, i) => `172.16.0.${i + 2}/16`)));
    expect(all.asked).toEqual({ writes: 60, lists: 0 });
  });
});
