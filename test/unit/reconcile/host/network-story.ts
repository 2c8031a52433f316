/** A host's part in networks, for stories: its kernel outlives its process, the cluster is what the story says. */
import { vi } from 'vitest';
import type { UserError } from '../../../../src/errors.js';
import { UNMEASURED } from '../../../../src/health/measures.js';
import type { HostPart } from '../../../../src/model/host/host-plan.js';
import type { HostStep } from '../../../../src/model/host/host-steps.js';
import { namespaceName } from '../../../../src/model/values/names.js';
import type { Cluster, EndpointId, Ip, NodeId } from '../../../../src/model/values/types.js';
import { HostPass } from '../../../../src/reconcile/host/host-pass.js';
import { Inspection } from '../../../../src/reconcile/inspection/inspection.js';
import { Peers } from '../../../../src/registry/endpoints/peers.js';
import { LocalEndpoints } from '../../../../src/registry/local/local-endpoints.js';
import type { Membership } from '../../../../src/registry/local/membership.js';
import { ownIn } from '../../../../src/registry/local/own.js';
import type { ClusterView } from '../../../../src/store/view/cluster-view.js';
import { FakeKernel } from '../../../fakes/kernel.js';
import { heardRows } from '../../health/heard.js';
import { HOST1, networkId, selfOf } from '../../model/fixtures.js';
import { idOf } from '../../nodes.js';

const SELF = idOf(HOST1);
export const NETWORK = networkId(1);
export const NAMESPACE = namespaceName(NETWORK);

export class NetworkStory {
  readonly kernel = new FakeKernel();
  tenure: { prunes: boolean; refusal: UserError | undefined } = { prunes: true, refusal: undefined };
  local = new LocalEndpoints();
  inspection: Inspection | undefined;
  hostDifferences: ReadonlyMap<HostPart, readonly HostStep[]> = new Map();
  /** Undefined while the mesh has not been looked at. */
  meshVteps: ReadonlyMap<NodeId, Ip> | undefined = new Map();
  private heard = heardRows();
  private readonly sandboxes = new Map<EndpointId, string>();
  private listeners: (() => void)[] = [];
  private peers: Peers | undefined;
  private process: HostPass | undefined;
  private readonly view: { current: Cluster; onChange(listener: (...news: unknown[]) => void): () => void };

  constructor(cluster: Cluster) {
    this.view = {
      current: cluster,
      onChange: (listener) => {
        this.listeners.push(() => listener(this.view.current, { nodes: true }));
        return () => {};
      },
    };
  }

  /** A process begins: what is in the kernel is all that it finds, beside where containers are. */
  async start(): Promise<void> {
    const view = this.view as unknown as ClusterView;
    const own = () => ownIn(this.view.current.endpoints.get(NETWORK), SELF);
    const membership = { networks: new Set([NETWORK]), own } as unknown as Membership;
    this.listeners = [];
    this.local = new LocalEndpoints(this.sandboxes);
    this.peers = new Peers({ view, self: SELF, local: this.local, leases: { holder: async () => undefined } });
    this.heard = heardRows();
    const { rows, log } = this.heard;
    const wish = {
      ...{ view, membership, local: this.local, peers: this.peers, kernel: this.kernel, tenure: this.tenure },
      self: { ...selfOf(HOST1), mtu: () => 1500, acceleration: () => 'off' as const, meshVteps: this.meshVteps },
    };
    this.process = new HostPass({ ...wish, log, meter: UNMEASURED, rows });
    this.inspection = new Inspection({ ...wish, hostParts: { differences: async () => this.hostDifferences } });
    await this.process.adopt();
    this.process.open();
    await this.settle();
  }

  /** The process dies; another one begins. */
  async restart(): Promise<void> {
    this.stop();
    this.kernel.steps.length = 0;
    await this.start();
  }

  /** Join was called: the engine fetches the other end as soon as it is there. */
  join(endpoint: EndpointId): void {
    this.sandboxes.set(endpoint, '/sandbox');
    this.local.join(endpoint, '/sandbox');
    this.process?.kick(NETWORK);
  }

  /** The engine creates or deletes an endpoint. */
  disturb(): void {
    this.process?.disturb(NETWORK);
  }

  /** A clean stop. */
  async catchUp(): Promise<void> {
    await Promise.all([this.process?.catchUp(1_000), this.settle()]);
  }

  async become(cluster: Cluster): Promise<void> {
    this.view.current = cluster;
    for (const listener of this.listeners) listener();
    this.process?.kick(NETWORK);
    await this.settle();
  }

  settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(50);

  /** The steps since it was asked last, in order. */
  done(): readonly string[] {
    return this.kernel.steps.splice(0).map((step) => `${step.kind}${'link' in step ? ` ${step.link}` : ''}`);
  }

  said(): readonly string[] {
    return this.heard.log.lines.splice(0).map(({ msg }) => msg);
  }

  stop(): void {
    void this.process?.stop();
    this.peers?.stop();
  }
}
