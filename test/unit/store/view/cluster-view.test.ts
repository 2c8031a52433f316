import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isDeadlineError, StoreError } from '../../../../src/errors.js';
import type { Entry, Op, WatchHandlers } from '../../../../src/model/ports/ports.js';
import { keys } from '../../../../src/model/values/names.js';
import type { EndpointId, NodeAddress } from '../../../../src/model/values/types.js';
import { LeftOut, UNREAD } from '../../../../src/store/records/left-out.js';
import { formatEndpoint, formatNetwork, formatNode } from '../../../../src/store/records/records.js';
import type { ClusterChange } from '../../../../src/store/view/change-teller.js';
import { ClusterView } from '../../../../src/store/view/cluster-view.js';
import { FakeStore } from '../../../fakes/store.js';
import { heardRows } from '../../health/heard.js';
import { endpointOf, hexId, networkId, networkOf, nodeOf } from '../samples.js';

const [n1, n2] = [nodeOf('10.0.0.60', 'docker01'), nodeOf('10.0.0.61', 'docker02')];
const a = networkId('a');
const e1 = endpointOf(a, '1');

describe('ClusterView', () => {
  let store: FakeStore;
  let view: ClusterView;
  let stop: AbortController;
  const changes: ClusterChange[] = [];
  const told: string[] = [];
  const over: string[] = [];
  const settle = () => new Promise(setImmediate);
  const set = async (key: string, value: string) => {
    store.put({ [key]: value });
    await settle();
  };

  beforeEach(async () => {
    changes.length = 0;
    told.length = 0;
    over.length = 0;
    stop = new AbortController();
    store = new FakeStore().put({
      [keys.node(n1.address)]: formatNode(n1),
      [keys.node(n2.address)]: formatNode(n2),
      [keys.network(a)]: formatNetwork(networkOf(a)),
      [keys.endpoint(a, e1.node, e1.id)]: formatEndpoint(e1),
    });
    view = new ClusterView(store, { report: (key) => told.push(key), over: (key) => over.push(key) });
    view.onChange((_, changed) => changes.push(changed));
  });
  afterEach(() => stop.abort());

  const start = async () => {
    view.start(stop.signal);
    await view.ready(1_000);
    await settle();
    changes.length = 0;
  };

  it('is complete once nodes and networks were loaded, whatever of their endpoints cannot be', async () => {
    expect(view.current.complete).toBe(false);
    await start();
    expect(view.current).toMatchObject({ complete: true });
    expect([...view.current.nodes.keys()]).toEqual([n1.id, n2.id]);
    expect(view.current.networks.get(a)?.announced?.name).toBe('ov1');
    expect(view.current.endpoints.size).toBe(0);
    store.fail();
    view.subscribe(a);
    await settle();
    expect([view.current.complete, view.current.endpoints.has(a)]).toEqual([true, false]);
    store.recover();
    await view.ready(2_000);
    expect(view.current.endpoints.get(a)?.get(e1.id)).toMatchObject({ mac: e1.mac });
  });

  it('watches what was subscribed before the start', async () => {
    view.subscribe(a);
    await start();
    expect(view.current.endpoints.get(a)?.size).toBe(1);
  });

  it('tells a first load, also of nothing', async () => {
    store.table.commit([{ verb: 'deleteTree', prefix: '' }]);
    view.subscribe(a);
    view.start(stop.signal);
    await settle();
    expect(changes).toEqual([
      { nodes: true, networks: false, endpoints: new Set() },
      { nodes: false, networks: true, endpoints: new Set() },
      { nodes: false, networks: false, endpoints: new Set([a]) },
    ]);
  });

  it('keeps the identity of what did not change', async () => {
    view.subscribe(a);
    await start();
    const before = view.current;
    await set(keys.node(n2.address), formatNode({ ...n2, mtu: 9000 }));
    expect(changes).toEqual([{ nodes: true, networks: false, endpoints: new Set() }]);
    expect(view.current).not.toBe(before);
    expect(view.current.networks).toBe(before.networks);
    expect(view.current.endpoints).toBe(before.endpoints);
    expect(view.current.nodes).not.toBe(before.nodes);
    expect(view.current.nodes.get(n1.id)).toBe(before.nodes.get(n1.id));
    expect(view.current.nodes.get(n2.id)?.mtu).toBe(9000);
    expect(before.nodes.get(n2.id)?.mtu).toBe(1500);
  });

  it('tells several changes as one', async () => {
    view.subscribe(a);
    await start();
    for (const mtu of [9000, 8000]) store.put({ [keys.node(n2.address)]: formatNode({ ...n2, mtu }) });
    await settle();
    expect(changes).toEqual([{ nodes: true, networks: false, endpoints: new Set() }]);
  });

  it('leaves garbage out, says so once, and is not woken by it', async () => {
    await start();
    const before = view.current;
    await set('nodes/10.0.0.99', 'garbage');
    await set(keys.node(n2.address), formatNode(n2));
    expect(told).toEqual(['nodes/10.0.0.99']);
    expect(changes).toEqual([]);
    expect(view.current).toBe(before);
  });

  it('keeps what it last read of a record that became garbage, until its key goes', async () => {
    await start();
    await set(keys.network(a), 'garbage');
    await set(keys.node(n2.address), '{"version":4}');
    expect(view.current.nodes.get(n2.id)?.hostname).toBe('docker02');
    expect(view.current.networks.get(a)?.announced?.name).toBe('ov1');
    expect(view.current.unreadable.size).toBe(0);
    expect(told).toEqual([keys.network(a), keys.node(n2.address)]);
    expect(changes).toEqual([]);
    expect(view.export()[keys.networks]?.map((e) => e.value)).toEqual([formatNetwork(networkOf(a))]);
    await set(keys.node(n2.address), formatNode({ ...n2, mtu: 9000 }));
    expect(view.current.nodes.get(n2.id)?.mtu).toBe(9000);
    store.table.commit([{ verb: 'delete', key: keys.network(a) }]);
    await settle();
    expect(view.current.networks.size).toBe(0);
  });

  it('takes a record that is garbage from the start from the copy, or names its network', async () => {
    const copy = { [keys.networks]: (await store.list(keys.networks)).entries };
    store.put({ [keys.network(a)]: 'garbage', [keys.network(networkId('b'))]: 'x'.repeat(1_000_000) });
    view.remember(copy);
    await start();
    expect(view.current.networks.get(a)?.announced?.name).toBe('ov1');
    expect([...view.current.unreadable]).toEqual([networkId('b')]);
    expect(told).toEqual([keys.network(a), keys.network(networkId('b'))]);
  });

  it('has a row for each record that is left out, until it can be read again or is gone', async () => {
    const { rows, troubles } = heardRows();
    view = new ClusterView(store, new LeftOut(rows));
    await start();
    const broken = [keys.network(a), keys.network(networkId('b')), keys.node('10.0.0.99')];
    for (const key of broken) store.forge({ [key]: 'garbage' });
    await settle();
    expect([...troubles()].sort()).toEqual(broken.map((key) => `store.record ${key} degraded`).sort());
    await set(keys.network(a), formatNetwork(networkOf(a)));
    expect(troubles().some((row) => row.includes(keys.network(a)))).toBe(false);
    store.table.commit(broken.slice(1).map((key): Op => ({ verb: 'delete', key })));
    await vi.waitFor(() => expect(troubles()).toEqual([]), 2_000);
  });

  it('has a row for each watch and for the time of doubt', async () => {
    const { rows, all, troubles } = heardRows();
    view = new ClusterView(store, UNREAD, undefined, rows);
    view.subscribe(a);
    await start();
    expect(all().map(({ code, subject, state }) => `${code} ${subject} ${state}`)).toEqual(
      expect.arrayContaining([
        'store.watch nodes/ ok',
        'store.watch networks/ ok',
        `store.watch ${keys.endpoints(a)} ok`,
        expect.stringMatching(/^store\.watch heads\/\S* ok$/),
      ]),
    );
    view.unsubscribe(a);
    await settle();
    expect(all().map(({ subject }) => subject)).toEqual(['nodes/', 'networks/']);
    view.distrust();
    expect(troubles()).toEqual(['store.doubt degraded']);
  });

  it('keeps what is gone until it has found out, what this host put back for good, and asks again after trouble', async () => {
    const answers: (Error | ReadonlySet<string>)[] = [
      new Error('worse than no answer'),
      new Set([keys.node(n1.address)]),
    ];
    const { rows, log, troubles } = heardRows();
    const trust = {
      isKnown: async () => true,
      reclaim: async (gone: readonly Entry[]) => {
        expect(gone.map((e) => e.key)).toEqual([keys.node(n1.address), keys.node(n2.address)]);
        const answer = answers.shift() ?? new Set<string>();
        if (answer instanceof Error) throw answer;
        return answer;
      },
    };
    view = new ClusterView(store, UNREAD, trust, rows);
    await start();
    store.table.commit([{ verb: 'deleteTree', prefix: keys.nodes }]);
    await settle();
    expect(view.current.nodes.size).toBe(2);
    await vi.waitFor(() => expect(view.current.nodes.size).toBe(1), 2_000);
    expect([...view.current.nodes.keys()]).toEqual([n1.id]);
    expect(log.lines.map(({ code, state }) => [code, state])).toEqual([
      ['store.removals', 'failing'],
      ['store.removals', 'ok'],
    ]);
    expect(troubles()).toEqual([]);
  });

  describe('when the time to doubt is over', () => {
    beforeEach(async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
      await start();
      view.distrust();
    });
    afterEach(() => vi.useRealTimers());
    /** How a watch of nodes begins from now on. */
    const watching = (begin: (really: () => void, handlers: WatchHandlers, signal: AbortSignal) => void) => {
      const watch = store.watch.bind(store);
      store.watch = (prefix, handlers, signal) => {
        const really = () => watch(prefix, handlers, signal);
        if (prefix === keys.nodes) begin(really, handlers, signal);
        else really();
      };
    };

    it('takes nothing older than what its watch has told: that begins anew, and nobody lists beside it', async () => {
      const begun: AbortSignal[] = [];
      watching((really, _, signal) => {
        begun.push(signal);
        really();
      });
      const list = vi.spyOn(store, 'list');
      await vi.advanceTimersByTimeAsync(16_000);
      view.distrust();
      await vi.advanceTimersByTimeAsync(16_000);
      expect(begun.map(({ aborted }) => aborted)).toEqual([true, false]);
      expect(list.mock.calls.filter(([prefix]) => keys.nodes.startsWith(prefix))).toEqual([]);
    });

    it('knows what is gone, though the watch should fail at first', async () => {
      watching((really, { onError }) => {
        onError(new StoreError('too busy', true));
        setTimeout(really, 1_000);
      });
      store.table.commit([{ verb: 'delete', key: keys.node(n2.address) }]);
      await settle();
      await vi.advanceTimersByTimeAsync(15_900);
      await settle();
      expect(view.current.nodes.has(n2.id)).toBe(true);
      await vi.advanceTimersByTimeAsync(1_000);
      await settle();
      expect(view.current.nodes.has(n2.id)).toBe(false);
    });

    it('follows its nodes by one watch as before', async () => {
      await vi.advanceTimersByTimeAsync(16_000);
      changes.length = 0;
      await set(keys.node(n2.address), formatNode({ ...n2, mtu: 9000 }));
      expect(changes).toEqual([{ nodes: true, networks: false, endpoints: new Set() }]);
      stop.abort();
      await set(keys.node(n2.address), formatNode(n2));
      expect(view.current.nodes.get(n2.id)?.mtu).toBe(9000);
    });
  });

  it('sees a node live and die', async () => {
    await start();
    const hold = await store.hold(keys.node(n1.address), formatNode(n1));
    await settle();
    expect(view.current.nodes.get(n1.id)?.alive).toBe(true);
    await hold.release();
    await settle();
    expect(view.current.nodes.get(n1.id)?.alive).toBe(false);
  });

  it('forgets a network that is not subscribed any more', async () => {
    view.subscribe(a);
    await start();
    view.unsubscribe(a);
    expect(view.current.endpoints.has(a)).toBe(false);
    expect(view.current.complete).toBe(true);
    await set(keys.endpoint(a, e1.node, hexId('2')), formatEndpoint({ ...e1, id: hexId('2') as EndpointId }));
    expect(changes).toEqual([{ nodes: false, networks: false, endpoints: new Set([a]) }]);
  });

  it('keeps the last Cluster while the store is away', async () => {
    await start();
    const before = view.current;
    store.fail();
    expect(view.current).toBe(before);
    store.recover();
    expect(view.current).toBe(before);
  });

  it('ends with its signal', async () => {
    await start();
    stop.abort();
    await set(keys.node(n2.address), formatNode({ ...n2, mtu: 9000 }));
    expect(changes).toEqual([]);
  });

  describe('reached', () => {
    const commit = async (...ops: Op[]) => {
      const done = await store.commit(ops);
      if (!done.ok) throw new Error('conflict');
      return done.index;
    };

    it('resolves once the watch brought the change', async () => {
      await start();
      const index = await commit({ verb: 'delete', key: keys.node(n2.address) });
      await view.reached(keys.nodes, index, 1_000);
      expect(view.current.nodes.has(n2.id)).toBe(false);
    });

    it('looks for itself when the index never comes', async () => {
      await start();
      const index = await commit({ verb: 'set', key: 'elsewhere', value: '' });
      await view.reached(keys.nodes, index + 100, 1_000);
    });

    it('rejects at the deadline while the store is away', async () => {
      await start();
      const index = await commit({ verb: 'set', key: 'elsewhere', value: '' });
      store.fail();
      const error = await view.reached(keys.nodes, index, 50).catch((e: unknown) => e);
      expect(isDeadlineError(error) && error.message).toBe(
        'the change of nodes/ was not seen within 0.05 s: the fake store is down',
      );
    });

    it('rejects for what is not watched', async () => {
      await start();
      await expect(view.look(a, e1.node, 1_000)).rejects.toSatisfy(isDeadlineError);
    });
  });

  it('is not ready while the store is away', async () => {
    store.fail();
    view.start(stop.signal);
    await expect(view.ready(50)).rejects.toThrow('nodes/ was not loaded within 0.05 s: the fake store is down');
  });

  it('nor while a part of it came from a copy only', async () => {
    const copy = (await store.list('')).entries;
    store.fail();
    view.start(stop.signal);
    view.seed({ [keys.nodes]: copy.filter((e) => e.key.startsWith(keys.nodes)), [keys.networks]: [] });
    expect([view.current.complete, view.confirmed]).toEqual([true, false]);
    await expect(view.ready(50)).rejects.toThrow('nodes/ was not loaded within 0.05 s');
    store.recover();
    await view.ready(1_000);
    expect(view.confirmed).toBe(true);
  });

  it('has a host that moves once, at the address that it holds', async () => {
    await start();
    const former = await store.hold(keys.node(n1.address), formatNode(n1));
    const moved = { ...n1, address: '10.0.0.77' as NodeAddress };
    await store.hold(keys.node(moved.address), formatNode(moved));
    await former.release();
    await vi.waitFor(() => expect(view.current.nodes.get(n1.id)?.address).toBe('10.0.0.77'));
    expect([...view.current.nodes.keys()].sort()).toEqual([n1.id, n2.id].sort());
  });
});
