import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { StoreError, UserError } from '../../../../src/errors.js';
import type { NetworkId } from '../../../../src/model/values/types.js';
import { Heads } from '../../../../src/registry/local/heads.js';
import { Membership } from '../../../../src/registry/local/membership.js';
import type { ClusterListener } from '../../../../src/store/view/change-teller.js';
import type { ClusterView } from '../../../../src/store/view/cluster-view.js';
import { FakeStore } from '../../../fakes/store.js';
import { heardRows } from '../../health/heard.js';
import { idOf } from '../../nodes.js';

const NETWORK = '1'.repeat(64) as NetworkId;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A view that Consul keeps waiting: loaded, and empty ever since. */
function waitingView() {
  const current = {
    nodes: new Map(),
    networks: new Map(),
    endpoints: new Map([[NETWORK, new Map()]]),
    unreadable: new Set<NetworkId>(),
    complete: true,
  };
  const told: { listener: ClusterListener } = { listener: () => {} };
  const onChange = (l: ClusterListener) => {
    told.listener = l;
  };
  const [subscribe, unsubscribe] = [vi.fn(), vi.fn()];
  const view = { current, onChange, subscribe, unsubscribe } as unknown as ClusterView;
  const change = () => told.listener(current, { nodes: false, networks: false, endpoints: new Set([NETWORK]) });
  return { view, subscribe, unsubscribe, change };
}

function makeMembership() {
  const seen = waitingView();
  const [store, self, heard] = [new FakeStore(), idOf('10.0.0.60'), heardRows()];
  const parts = { store, view: seen.view, self, heads: new Heads(store, self), rows: heard.rows.of('node.member') };
  return { ...seen, store, all: heard.all, troubles: heard.troubles, membership: new Membership(parts) };
}

/** As a first endpoint does. */
const use = ({ membership, store }: ReturnType<typeof makeMembership>) =>
  membership.using(NETWORK, async (mark) => void (await store.commit(mark())));

it('a host does not leave while its view lacks what it has just written', async () => {
  const { membership, unsubscribe, change } = makeMembership();
  await membership.using(NETWORK, async () => undefined);
  change();
  await vi.advanceTimersByTimeAsync(9_000);
  await membership.using(NETWORK, async () => undefined);
  await vi.advanceTimersByTimeAsync(9_000);
  expect(unsubscribe).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(unsubscribe).toHaveBeenCalled();
});

it('a host that could not leave looks on at what it has there, and leaves once it can', async () => {
  const host = makeMembership();
  await use(host);
  host.store.fail();
  await vi.advanceTimersByTimeAsync(11_000);
  expect([...host.membership.networks]).toEqual([NETWORK]);
  expect(host.unsubscribe).not.toHaveBeenCalled();
  expect(host.troubles()).toEqual([`node.member ${NETWORK} failing`]);
  host.store.recover();
  await vi.advanceTimersByTimeAsync(20_000);
  expect([...host.membership.networks]).toEqual([]);
  expect(host.unsubscribe).toHaveBeenCalledTimes(1);
  expect(await host.store.keys('members/')).toEqual([]);
  expect(host.troubles()).toEqual([]);
});

it('a host that cannot leave though it can read tries again ever later, one try at a time', async () => {
  const host = makeMembership();
  await use(host);
  // Whatever is watched anew is read at once.
  host.subscribe.mockImplementation(() => queueMicrotask(host.change));
  const leave = vi.fn(() => Promise.reject(new StoreError('permission denied', false)));
  host.store.commit = leave;
  for (let s = 0; s < 71; s++) {
    host.change();
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(leave).toHaveBeenCalledTimes(3);
  expect(host.all().map(({ attempts }) => attempts)).toEqual([3]);
});

it('a mark that is being removed is not set again', async () => {
  const host = makeMembership();
  await use(host);
  const commit = host.store.commit.bind(host.store);
  let answer = () => {};
  host.store.commit = async (ops) => {
    const done = await commit(ops);
    await new Promise<void>((resolve) => (answer = resolve));
    return done;
  };
  await vi.advanceTimersByTimeAsync(11_000);
  host.store.commit = commit;
  await host.membership.renew();
  answer();
  await vi.advanceTimersByTimeAsync(0);
  expect([...host.membership.networks]).toEqual([]);
  expect(await host.store.keys('members/')).toEqual([]);
});

it('a host that may have left, for the answer was lost, marks itself with the next use', async () => {
  const host = makeMembership();
  await use(host);
  const commit = host.store.commit.bind(host.store);
  host.store.commit = async (ops) => {
    await commit(ops);
    throw new StoreError('the answer was lost', true);
  };
  await vi.advanceTimersByTimeAsync(11_000);
  host.store.commit = commit;
  expect(await host.store.keys('members/')).toEqual([]);
  await use(host);
  expect(await host.store.keys('members/')).toHaveLength(1);
});

it('a host looks at a network in which it may have written though nobody answered', async () => {
  const host = makeMembership();
  const lost = host.membership.using(NETWORK, async (mark) => {
    await host.store.commit(mark());
    throw new StoreError('the answer was lost', true);
  });
  await expect(lost).rejects.toThrow('the answer was lost');
  expect(host.subscribe).toHaveBeenCalledWith(NETWORK);
  await vi.advanceTimersByTimeAsync(11_000);
  expect(await host.store.keys('members/')).toEqual([]);
  await expect(host.membership.using(NETWORK, () => Promise.reject(new UserError('taken')))).rejects.toThrow('taken');
  expect([...host.membership.networks]).toEqual([]);
});
