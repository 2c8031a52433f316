import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgetNode } from '../../../../src/cli/forget.js';
import type { Entry } from '../../../../src/model/ports/ports.js';
import { ipOf } from '../../../../src/model/values/address.js';
import { keys } from '../../../../src/model/values/names.js';
import type { Cidr, Network, NetworkId, NodeAddress } from '../../../../src/model/values/types.js';
import { Reclaimer } from '../../../../src/registry/healing/reclaimer.js';
import { Heads } from '../../../../src/registry/local/heads.js';
import { FakeStore } from '../../../fakes/store.js';
import { makeHost } from '../host.js';

type Host = Awaited<ReturnType<typeof makeHost>>;
const TWO = '10.0.0.61' as NodeAddress;

let store: FakeStore;
let one: Host;
let two: Host;
let network: NetworkId;
let told: string[];
let known: readonly Entry[];
let reclaimer: Reclaimer;
let attached: { address: Cidr };
/** What containers of the second host live on, besides. */
let used: Network | undefined;
const state = async () => {
  const { entries } = await store.list('');
  return entries.flatMap(({ key }) => (/^(endpoints|addresses|members)\//.test(key) ? [key] : []));
};

/** Two hosts with a container each, the second one then forgotten though it lives. */
beforeEach(async () => {
  store = new FakeStore();
  one = await makeHost(store, '10.0.0.60');
  two = await makeHost(store, TWO);
  network = await one.createNetwork(1);
  await one.run(10, network);
  attached = await two.run(20, network, '172.16.1.77');
  known = (await store.list('endpoints/')).entries;
  told = [];
  used = undefined;
  reclaimer = new Reclaimer({
    store,
    self: two.self,
    heads: new Heads(store, two.self),
    local: two.local,
    events: {
      reclaimed: ({ id }) => told.push(`reclaimed ${Number.parseInt(id, 16)}`),
      lost: ({ id }, conflicts) => told.push(`lost ${Number.parseInt(id, 16)}: ${conflicts.length}`),
      republished: ({ id }) => told.push(`republished ${Number.parseInt(id, 16)}`),
    },
    used: () => used,
  });
});
afterEach(() => {
  one.stop();
  two.stop();
});

describe('Reclaimer', () => {
  it('puts back what a forgotten host still has, byte for byte', async () => {
    const before = await state();
    await forgetNode(store, TWO);
    await reclaimer.reclaimMissing(known);
    expect(await state()).toEqual(before);
    expect((await store.list('endpoints/')).entries.map((e) => e.value)).toEqual(known.map((e) => e.value));
    expect(told).toEqual(['reclaimed 20']);
  });

  it('puts back the mark alone of an endpoint that a forget has not got to', async () => {
    const before = await state();
    for (const key of await store.keys(keys.members(two.self))) await store.commit([{ verb: 'delete', key }]);
    await reclaimer.reclaimMissing(known);
    expect(await state()).toEqual(before);
    expect((await store.list('endpoints/')).entries).toEqual(known);
  });

  it('leaves an address to whoever got it meanwhile', async () => {
    await forgetNode(store, TWO);
    await one.run(30, network, ipOf(attached.address));
    const before = await state();
    expect(await reclaimer.reclaim(known)).toEqual(new Set());
    expect(await state()).toEqual(before);
    expect(told).toEqual(['lost 20: 2']);
  });

  it('puts nothing into a network that has been removed', async () => {
    await forgetNode(store, TWO);
    await store.commit([{ verb: 'delete', key: keys.network(network) }]);
    expect(await reclaimer.reclaim(known)).toEqual(new Set());
    expect(told).toEqual(['lost 20: 1']);
  });

  it.each([
    ['the endpoints are missed first', /^endpoints/],
    ['the network is missed first', /^networks/],
  ])('publishes a network again that containers live on here, with all that is its: %s', async (_, first) => {
    used = two.view.current.networks.get(network);
    const before = (await store.keys('')).filter((key) => /^(networks|pools|vnis)/.test(key));
    const gone = (await store.list('')).entries.filter((e) => /^(networks|endpoints)/.test(e.key));
    // As an older backup has it: nothing of the network.
    for (const key of await store.keys(''))
      if (/^(networks|pools|vnis|endpoints|addresses|members|heads)/.test(key))
        store.table.commit([{ verb: 'delete', key }]);
    for (const entries of [gone.filter((e) => first.test(e.key)), gone]) await reclaimer.reclaim(entries);
    expect((await store.keys('')).filter((key) => /^(networks|pools|vnis)/.test(key))).toEqual(before);
    expect(await store.keys(`endpoints/${network}/${two.self}/`)).toHaveLength(1);
    expect(told).toContain('republished 1');
    expect(told).not.toContain(expect.stringContaining('lost'));
  });

  it('puts back what it was forgotten with, whichever marks were set again before it came to that', async () => {
    await two.run(21, network);
    known = (await store.list('endpoints/')).entries;
    const before = await state();
    await forgetNode(store, TWO);
    await two.membership.renew();
    await reclaimer.reclaimMissing(known);
    expect(await state()).toEqual(before);
    expect(told).toEqual(['reclaimed 20', 'reclaimed 21']);
  });

  it('leaves alone what this host has removed itself', async () => {
    const [id] = two.membership.own(network).map((endpoint) => endpoint.id);
    if (id === undefined) throw new Error('no endpoint');
    await two.rm(network, { id, address: attached.address });
    await reclaimer.reclaimMissing(known);
    expect(await store.keys('endpoints/')).toHaveLength(1);
    expect(told).toEqual([]);
  });
});
