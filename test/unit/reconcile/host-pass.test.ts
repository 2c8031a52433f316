/** The host pass and what containers do to their own ends: paced, logged within bounds, and not the network's loss. */
import type { Logger } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kernelError } from '../../../src/kernel/errno.js';
import type { Notice } from '../../../src/model/damage.js';
import { namespaceName } from '../../../src/model/names.js';
import type { HostKernel } from '../../../src/model/ports.js';
import type { ObservedLink, ObservedNamespace, Step } from '../../../src/model/steps.js';
import type { EndpointId, Mac, NamespaceName, NetworkId, NodeAddress } from '../../../src/model/types.js';
import { HostPass } from '../../../src/reconcile/host-pass.js';
import { Peers } from '../../../src/registry/peers.js';
import { FakeStore } from '../../fakes/store.js';
import { HOST1, HOST2 } from '../model/fixtures.js';
import { makeHost } from '../registry/host.js';

/** A namespace with a bridge and no more: whatever else is planned is missing each time. */
class PaperKernel implements Partial<HostKernel> {
  looks = 0;
  readonly steps: Step[] = [];
  fails: (step: Step) => boolean = () => false;
  readonly why = ['ip link add eth255', 'EEXIST'] as Parameters<typeof kernelError>;
  tell: (notices: readonly Notice[]) => void = () => {};

  constructor(private readonly links: readonly ObservedLink[]) {}

  observe = async (name: NamespaceName): Promise<ObservedNamespace> => {
    this.looks++;
    return {
      name,
      links: this.links,
      addresses: [],
      neighbours: [],
      fdb: [],
      statics: [],
      checksSources: true,
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

let host: Awaited<ReturnType<typeof makeHost>>;
let kernel: PaperKernel;
let pass: HostPass;
let warn: ReturnType<typeof vi.fn>;
let network: NetworkId;
let endpoint: EndpointId;
beforeEach(async () => {
  const store = new FakeStore();
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
  const self = { address: HOST1 as NodeAddress, mtu: () => 1500 };
  const log = { warn, debug: vi.fn(), error: vi.fn() } as unknown as Logger;
  const peers = new Peers(host.view, self.address, host.local, { holder: async () => undefined }, () => {});
  pass = new HostPass(kernel as unknown as HostKernel, host.view, host.local, host.membership, peers, self, log);
  pass.open();
});
afterEach(() => {
  pass.stop();
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
