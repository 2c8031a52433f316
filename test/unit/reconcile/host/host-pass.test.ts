/** The host pass and what containers do to their own ends: paced, logged within bounds, and not the network's loss. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../../../../src/errors.js';
import type { Log } from '../../../../src/health/events.js';
import { UNMEASURED } from '../../../../src/health/measures.js';
import { NOBODY } from '../../../../src/health/row.js';
import { kernelError } from '../../../../src/kernel/system/errno.js';
import type { Notice } from '../../../../src/model/diff/drift.js';
import type { ObservedLink, ObservedNamespace } from '../../../../src/model/plan/observed.js';
import type { Self } from '../../../../src/model/plan/self.js';
import type { Step } from '../../../../src/model/plan/steps.js';
import type { HostKernel } from '../../../../src/model/ports/kernel-port.js';
import { keys, namespaceName } from '../../../../src/model/values/names.js';
import type { EndpointId, Mac, NamespaceName, NetworkId } from '../../../../src/model/values/types.js';
import { HostPass } from '../../../../src/reconcile/host/host-pass.js';
import { Peers } from '../../../../src/registry/endpoints/peers.js';
import { formatNode } from '../../../../src/store/records/records.js';
import { quickTimers } from '../../../fakes/quick-timers.js';
import { FakeStore } from '../../../fakes/store.js';
import { HOST1, HOST2, selfOf } from '../../model/fixtures.js';
import { idOf, nodeOf } from '../../nodes.js';
import { makeHost } from '../../registry/host.js';

quickTimers();

const VETH = {
  ...{ index: 9, name: 'veth9', kind: 'veth', mtu: 1450, up: true },
  master: 'br0',
  mac: '02:00:00:00:00:09' as Mac,
};

/** A namespace with a bridge and no more: whatever else is planned is missing each time. */
class PaperKernel implements Partial<HostKernel> {
  looks = 0;
  readonly steps: Step[] = [];
  fails: (step: Step) => boolean = () => false;
  readonly why = ['ip link add eth255', 'EEXIST'] as Parameters<typeof kernelError>;
  tell: (notices: readonly Notice[]) => void = () => {};

  constructor(public links: readonly ObservedLink[]) {}

  observe = async (name: NamespaceName): Promise<ObservedNamespace> => {
    this.looks++;
    return {
      name,
      links: this.links,
      addresses: [],
      neighbours: [],
      fdb: [],
      statics: [],
      sysctls: new Map(),
      filters: [],
    };
  };
  apply = async (step: Step) => {
    this.steps.push(step);
    if (this.fails(step)) throw kernelError(...this.why);
  };
  watch = async (_: NamespaceName, listener: (notices: readonly Notice[]) => void) => {
    this.tell = listener;
  };
  isNamespace = () => true;
}

let store: FakeStore;
let host: Awaited<ReturnType<typeof makeHost>>;
let kernel: PaperKernel;
let pass: HostPass;
let warn: ReturnType<typeof vi.fn>;
let network: NetworkId;
let endpoint: EndpointId;
let acceleration: Self['acceleration'];
let tenure: { prunes: boolean; refusal: UserError | undefined };
beforeEach(async () => {
  store = new FakeStore();
  host = await makeHost(store, HOST1);
  network = await host.createNetwork(1);
  await host.networksSeen(network);
  ({ id: endpoint } = await host.run(7, network));
  const other = await makeHost(store, HOST2);
  await other.networksSeen(network);
  await other.run(8, network);
  other.stop();
  await vi.waitFor(() => expect(host.view.current.endpoints.get(network)?.size).toBe(2));
  host.local.join(endpoint, '/sandbox');
  host.local.attach(endpoint);
  const facts = { index: 2, kind: 'bridge', mtu: 1450, up: true, master: '', mac: '02:00:00:00:00:01' as Mac };
  kernel = new PaperKernel([{ ...facts, name: 'br0', alias: network }]);
  warn = vi.fn();
  const self = { ...selfOf(HOST1), mtu: () => 1500, acceleration: () => acceleration };
  acceleration = 'off';
  tenure = { prunes: true, refusal: undefined };
  const log = { warn, debug: vi.fn(), error: vi.fn() } as unknown as Log;
  const peers = new Peers({
    view: host.view,
    self: self.id,
    local: host.local,
    leases: { holder: async () => undefined },
  });
  peers.onChange(() => pass.kick(network));
  pass = new HostPass({
    ...{ kernel: kernel as unknown as HostKernel, peers, self, tenure, log, meter: UNMEASURED, rows: NOBODY },
    ...{ view: host.view, local: host.local, membership: host.membership },
  });
  pass.open();
});
afterEach(() => {
  void pass.stop();
  host.stop();
  vi.useRealTimers();
});

describe('a card that cannot be put back', () => {
  beforeEach(() => {
    kernel.fails = (step) => step.kind === 'createPort';
  });

  it('keeps nobody else of its network waiting, and is tried again', async () => {
    await pass.settled(network, 1_000);
    const kinds = kernel.steps.map((s) => s.kind);
    expect(kinds).toContain('createPort');
    expect(kinds.slice(kinds.indexOf('createPort'))).toEqual(
      expect.arrayContaining(['replaceNeighbour', 'replaceFdb']),
    );
    expect(warn).toHaveBeenCalledWith(
      expect.objectContaining({ kind: 'createPort', err: 'ip link add eth255: EEXIST' }),
      "a container's card could not be put back yet",
    );
    const before = kernel.looks;
    await vi.waitFor(() => expect(kernel.looks).toBeGreaterThan(before), { timeout: 3_000 });
  });

  it('nor does its port that went meanwhile', async () => {
    kernel.fails = (step) => step.kind === 'replaceStatic' && step.link === 'veth0';
    kernel.why.splice(0, 2, 'bridge fdb replace', 'ENODEV');
    await pass.settled(network, 1_000);
    expect(kernel.steps.map((s) => s.kind)).toEqual(expect.arrayContaining(['replaceNeighbour', 'replaceFdb']));
  });

  it('unlike a link that the engine is about to fetch', async () => {
    host.local.join(endpoint, '/sandbox');
    await expect(pass.settled(network, 300)).rejects.toThrow(`${namespaceName(network)} was not ready`);
  });
});

it('nobody waits for a short way that the kernel refuses, and it is tried again', async () => {
  acceleration = 'on';
  kernel.fails = (step) => ['createLane', 'hookPort', 'replaceWay'].includes(step.kind);
  await pass.settled(network, 1_000);
  expect(kernel.steps.map((s) => s.kind)).toEqual(expect.arrayContaining(['createLane', 'replaceWay']));
  expect(warn).toHaveBeenCalledWith(
    expect.objectContaining({ kind: 'createLane', event: 'repair-later' }),
    'the short way could not be made right yet',
  );
  const before = kernel.looks;
  await vi.waitFor(() => expect(kernel.looks).toBeGreaterThan(before), { timeout: 3_000 });
});

it('a link that is deleted over and over is repaired at a pace, in some lines of the log', async () => {
  await pass.settled(network, 1_000);
  const [looks, lines] = [kernel.looks, warn.mock.calls.length];
  const state = { alias: endpoint, up: false, mtu: 1450, master: '', learning: false, snooping: false };
  const gone = { kind: 'link', link: 'veth0', gone: true, ...state } as const;
  for (let n = 0; n < 400; n++) {
    kernel.tell([gone]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(kernel.looks - looks).toBeGreaterThan(5);
  expect(kernel.looks - looks).toBeLessThan(25);
  expect(warn.mock.calls.length - lines).toBeLessThanOrEqual(100);
});

describe('what is not in the cluster', () => {
  /** As after a start at which nothing of this host's could be read. */
  beforeEach(async () => {
    kernel.links = [...kernel.links, { ...VETH, alias: 'e'.repeat(64) }];
  });

  it('stays until all was read and the node key is held, and is looked at again then', async () => {
    tenure.prunes = false;
    await pass.settled(network, 1_000);
    expect(kernel.steps.map((s) => s.kind)).toContain('createVxlan');
    expect(kernel.steps.filter((s) => s.prune)).toEqual([]);
    tenure.prunes = true;
    pass.kickAll();
    await vi.waitFor(() => expect(kernel.steps.filter((s) => s.prune).map((s) => s.kind)).toEqual(['removeLink']));
  });

  it('as a whole namespace of no network that is known stays too', async () => {
    tenure.prunes = false;
    const unknown = '9'.repeat(64) as NetworkId;
    await pass.settled(unknown, 1_000);
    expect(kernel.steps).toEqual([]);
    tenure.prunes = true;
    pass.kickAll();
    await vi.waitFor(() => expect(kernel.steps.map((s) => s.kind)).toEqual(['removeNamespace']));
  });

  it('nothing at all is changed while the address is another host’s', async () => {
    tenure.refusal = new UserError('it lives');
    await pass.settled(network, 1_000);
    expect([kernel.looks, kernel.steps]).toEqual([0, []]);
    tenure.refusal = undefined;
    pass.kickAll();
    await vi.waitFor(() => expect(kernel.steps.map((s) => s.kind)).toContain('createVxlan'));
  });
});

it('a node that gets another address is sent to there, and its former one is forgotten', async () => {
  await pass.settled(network, 1_000);
  const vteps = () => kernel.steps.flatMap((s) => (s.kind === 'replaceFdb' ? [s.vtep] : []));
  expect(vteps()).toEqual([HOST2]);
  const moved = nodeOf('10.0.0.77', { id: idOf(HOST2) });
  await store.hold(keys.node(moved.address), formatNode(moved));
  await vi.waitFor(() => expect(vteps()).toEqual([HOST2, '10.0.0.77']));
  store.table.commit([{ verb: 'delete', key: keys.node(HOST2) }]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(new Set(vteps().slice(1))).toEqual(new Set(['10.0.0.77']));
});
