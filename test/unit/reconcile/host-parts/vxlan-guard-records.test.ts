/** Whose records admit a host to the guard of VXLAN's port. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keys } from '../../../../src/model/values/names.js';
import type { NodeAddress } from '../../../../src/model/values/types.js';
import { VxlanGuardPlanner } from '../../../../src/reconcile/host-parts/vxlan-guard-planner.js';
import { formatNode } from '../../../../src/store/records/records.js';
import { FakeStore } from '../../../fakes/store.js';
import { HOST1, HOST2 } from '../../model/fixtures.js';
import { idOf, nodeOf } from '../../nodes.js';
import { makeHost } from '../../registry/host.js';

const STRANGER = '203.0.113.9' as NodeAddress;

let store: FakeStore;
let host: Awaited<ReturnType<typeof makeHost>>;
let planner: VxlanGuardPlanner;
beforeEach(async () => {
  store = new FakeStore();
  host = await makeHost(store, HOST1);
  await makeHost(store, HOST2).then((other) => other.stop());
  planner = new VxlanGuardPlanner({ view: host.view, self: HOST1, isWanted: true, log: { warn: () => {} } });
});
afterEach(() => {
  planner.stop();
  host.stop();
});

const admitted = async () => {
  await new Promise((resolve) => setImmediate(resolve));
  const plan = planner.plan(undefined);
  return typeof plan === 'object' ? [...plan.nodes].sort() : plan;
};

it('none whose record was written without a session; one that is away stays', async () => {
  const forged = formatNode(nodeOf(STRANGER));
  store.forge({ [keys.node(STRANGER)]: forged, 'nodes/0.0.0.0': forged, 'nodes/..': forged });
  expect(await admitted()).toEqual([HOST1, HOST2]);
  // A host that was restored from a backup: its key stands, and no session has taken it yet.
  const value = (await store.get(keys.node(HOST2)))?.value ?? '';
  store.table.commit([{ verb: 'delete', key: keys.node(HOST2) }]);
  store.forge({ [keys.node(HOST2)]: value });
  expect(await admitted()).toEqual([HOST1, HOST2]);
  await store.hold(keys.node(STRANGER), forged);
  expect(await admitted()).toEqual([HOST1, HOST2, STRANGER]);
});

it('a node that moves: its other address, and the former one no more', async () => {
  expect(await admitted()).toEqual([HOST1, HOST2]);
  await store.hold(keys.node(STRANGER), formatNode(nodeOf(STRANGER, { id: idOf(HOST2) })));
  await admitted();
  store.table.commit([{ verb: 'delete', key: keys.node(HOST2) }]);
  expect(await admitted()).toEqual([HOST1, STRANGER]);
});

it('the same plan while nothing has changed', async () => {
  await admitted();
  expect(planner.plan(undefined)).toBe(planner.plan(undefined));
});
