import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { NetworkId } from '../../../../src/model/values/types.js';
import { Heads } from '../../../../src/registry/local/heads.js';
import { Membership } from '../../../../src/registry/local/membership.js';
import type { ClusterListener } from '../../../../src/store/view/change-teller.js';
import type { ClusterView } from '../../../../src/store/view/cluster-view.js';
import { FakeStore } from '../../../fakes/store.js';
import { idOf } from '../../nodes.js';

const NETWORK = '1'.repeat(64) as NetworkId;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a host does not leave while its view lacks what it has just written', async () => {
  let listener: ClusterListener = () => {};
  const unsubscribe = vi.fn();
  // A view that Consul keeps waiting: loaded, and empty ever since.
  const current = {
    nodes: new Map(),
    networks: new Map(),
    endpoints: new Map([[NETWORK, new Map()]]),
    unreadable: new Set<NetworkId>(),
    complete: true,
  };
  const onChange = (l: ClusterListener) => {
    listener = l;
  };
  const view = { current, onChange, subscribe: vi.fn(), unsubscribe } as unknown as ClusterView;
  const [store, self] = [new FakeStore(), idOf('10.0.0.60')];
  const membership = new Membership({ store, view, self, heads: new Heads(store, self) });

  await membership.using(NETWORK, async () => undefined);
  listener(current, { nodes: false, networks: false, endpoints: new Set([NETWORK]) });
  await vi.advanceTimersByTimeAsync(9_000);
  await membership.using(NETWORK, async () => undefined);
  await vi.advanceTimersByTimeAsync(9_000);
  expect(unsubscribe).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(unsubscribe).toHaveBeenCalled();
});
