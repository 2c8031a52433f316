/** Tells of what is wrong with the cluster's make-up, and of what it cuts off. */
import type { RowPorts } from '../../health/row.js';
import { beyondVxlan } from '../../model/plan/underlay.js';
import { differing } from '../../model/values/differing.js';
import type { Cluster, NetworkId, Node, NodeAddress, NodeId } from '../../model/values/types.js';
import { type Trouble, troublesOf } from './cut-off.js';

/** Names are answered meanwhile, ms. */
const SLICE_MS = 4;

type Job = { readonly network: NetworkId } | { readonly node: NodeId };

/** Only what changed is compared: a network with all nodes, a node with all networks. */
export class Findings {
  private nodes: Cluster['nodes'] = new Map();
  private networks: Cluster['networks'] = new Map();
  private readonly troubles = new Map<NetworkId, readonly Trouble[]>();
  private jobs: Job[] = [];
  private timer: NodeJS.Immediate | undefined;

  constructor(
    private readonly self: NodeAddress,
    private readonly rows: RowPorts<'cluster.family' | 'cluster.hidden-host' | 'cluster.way-out'>,
  ) {}

  /** Where much has changed it takes several turns of the event loop. */
  look({ nodes, networks }: Cluster): void {
    const [wereNodes, wereNetworks] = [this.nodes, this.networks];
    const changed = differing(wereNetworks, networks);
    const moved = differing(wereNodes, nodes);
    this.nodes = nodes;
    this.networks = networks;
    for (const id of moved) this.meet(id, nodes.get(id));
    const isAll = changed.length >= networks.size;
    const others = isAll ? [] : moved.filter((id) => isOther(wereNodes.get(id), nodes.get(id)));
    this.jobs.push(...changed.map((network) => ({ network })), ...others.map((node) => ({ node })));
    if (this.timer === undefined) this.work();
  }

  stop(): void {
    clearImmediate(this.timer);
  }

  private work(): void {
    this.timer = undefined;
    const end = performance.now() + SLICE_MS;
    for (let job = this.jobs.shift(); job !== undefined; job = this.jobs.shift()) {
      if ('network' in job) this.compareNetwork(job.network);
      else this.compareNode(job.node);
      if (performance.now() < end || this.jobs.length === 0) continue;
      this.timer = setImmediate(() => this.work()).unref();
      return;
    }
  }

  private compareNetwork(id: NetworkId): void {
    const network = this.networks.get(id);
    this.keep(id, network === undefined ? [] : [...this.nodes.values()].flatMap((node) => troublesOf(network, node)));
  }

  private compareNode(of: NodeId): void {
    const node = this.nodes.get(of);
    for (const [id, network] of this.networks) {
      const known = this.troubles.get(id);
      const found = node === undefined ? [] : troublesOf(network, node);
      if (known === undefined && found.length === 0) continue;
      this.keep(id, [...(known ?? []).filter((trouble) => trouble.node !== of), ...found]);
    }
  }

  private keep(id: NetworkId, troubles: readonly Trouble[]): void {
    const before = firstOfEach(id, this.troubles.get(id) ?? []);
    const now = firstOfEach(id, troubles);
    if (troubles.length === 0) this.troubles.delete(id);
    else this.troubles.set(id, troubles);
    for (const [subject, { code }] of before) if (!now.has(subject)) this.rows.of(code).row(subject).gone();
    for (const [subject, trouble] of now) {
      // One and the same trouble is looked at again and again.
      if (before.get(subject) !== trouble) this.tell(subject, trouble);
    }
  }

  /** No VXLAN device sends to both families. */
  private meet(id: NodeId, node: Node | undefined): void {
    const [stranger] = node === undefined ? [] : beyondVxlan([node], this.self);
    const row = this.rows.of('cluster.family').row(id);
    if (stranger === undefined) row.gone();
    else row.degraded({ hostname: stranger.hostname, address: stranger.address, self: this.self });
  }

  private tell(subject: string, trouble: Trouble): void {
    if (trouble.code === 'cluster.way-out') this.rows.of('cluster.way-out').row(subject).degraded(trouble.args);
    else this.rows.of('cluster.hidden-host').row(subject).degraded(trouble.args);
  }
}

/** Whether a network may be in another relation to it than before. */
function isOther(before: Node | undefined, after: Node | undefined): boolean {
  const facts = (node: Node | undefined) => node && [node.address, node.hostname, ...(node.gwbridge ?? [])].join(' ');
  return facts(before) !== facts(after);
}

/** By the subject of its row; the same about several hosts is said of one of them. */
function firstOfEach(id: NetworkId, troubles: readonly Trouble[]): ReadonlyMap<string, Trouble> {
  const first = new Map<string, Trouble>();
  for (const trouble of troubles) {
    const subject = trouble.code === 'cluster.way-out' ? id : `${id} ${trouble.args.subnet}`;
    const other = first.get(subject);
    if (other === undefined || trouble.node < other.node) first.set(subject, trouble);
  }
  return first;
}
