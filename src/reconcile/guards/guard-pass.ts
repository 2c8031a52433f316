/** Keeps the guard of VXLAN's port in step with the cluster's nodes and VXLAN ids. */
import type { Reason } from '../../health/entry.js';
import type { Log } from '../../health/events.js';
import type { RowsOf } from '../../health/row.js';
import type { Guard } from '../../model/ports/ports.js';
import type { Cluster, NodeAddress } from '../../model/values/types.js';
import { Admission, type Admitted } from '../../registry/nodes/admission.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import { Loop } from '../loop/loop.js';

/** Somebody may flush the ruleset, as a reload of nftables.service does; looking costs one question to the kernel. */
const LOOK_MS = 2_000;
/** Between two warnings of the same, ms: what makes one is a container's to send. */
const QUIET_MS = 60_000;

interface Wish {
  /** What it was made of. */
  readonly nodes: Admitted;
  readonly networks: Cluster['networks'];
  readonly admitted: readonly NodeAddress[];
  readonly vnis: readonly number[];
  readonly text: string;
}

export class GuardPass {
  private readonly loop: Loop<'guard'>;
  private readonly admission = new Admission(() => this.kick());
  /** Datagrams of nodes that had come by another way when it was last told, and when that was. */
  private strayed = { count: 0, at: Number.NEGATIVE_INFINITY };
  /** What the guard was last told. */
  private told = '';
  private wish: Wish | undefined;

  constructor(
    private readonly guard: Guard,
    private readonly view: ClusterView,
    private readonly self: NodeAddress,
    private readonly port: number,
    /** False: the user's own firewall does it. */
    private readonly wanted: boolean,
    private readonly log: Log,
    rows: RowsOf<Reason>,
  ) {
    this.loop = new Loop(() => this.pass(), {
      resyncMs: LOOK_MS,
      row: () => rows.row(),
      describe: () => `the guard of UDP ${port}`,
    });
  }

  kick(): void {
    this.loop.kick('guard');
  }

  stop(): void {
    this.loop.stop();
    this.admission.stop();
    this.guard.close();
  }

  private async pass(): Promise<boolean> {
    if (!this.wanted) {
      this.guard.remove();
      return false;
    }
    const { nodes, networks, complete } = this.view.current;
    // With half a cluster, nodes would be locked out.
    if (!complete) return true;
    const { admitted, vnis, text: wish } = this.wishFor(this.admission.look(nodes), networks);
    const stands = this.guard.stands();
    if (stands) this.tellStrayed();
    // Made anew only when needed: its counters tell what was kept out.
    if (stands && wish === this.told) return true;
    await this.guard.ensure(admitted, vnis);
    // What was counted before this process is no news.
    if (this.told === '') this.strayed.count = this.guard.drops()?.get('prerouting') ?? 0;
    if (!stands && this.told !== '')
      this.log.warn(
        { event: 'repaired', port: this.port },
        `repaired the guard of UDP ${this.port}, which somebody had removed`,
      );
    this.told = wish;
    return true;
  }

  /** Put together only when nodes or networks are others than the last time. */
  private wishFor(nodes: Admitted, networks: Cluster['networks']): Wish {
    if (this.wish?.nodes === nodes && this.wish.networks === networks) return this.wish;
    const members = [...nodes.values()].map((node) => node.address);
    const admitted = [...new Set([this.self, ...members])].sort();
    const vnis = [...new Set([...networks.values()].flatMap((n) => n.subnets.map((s) => s.vni)))].sort();
    this.wish = { nodes, networks, admitted, vnis, text: JSON.stringify([admitted, vnis]) };
    return this.wish;
  }

  private tellStrayed(): void {
    const count = this.guard.drops()?.get('prerouting') ?? 0;
    const now = performance.now();
    if (count <= this.strayed.count || now - this.strayed.at < QUIET_MS) return;
    this.log.warn(
      { event: 'vxlan-strayed', datagrams: count - this.strayed.count },
      "dropped VXLAN with a node's address that did not come by the route to it: forged by a container, or answers take another way on this underlay, which VXLAN_GUARD=incoming is for",
    );
    this.strayed = { count, at: now };
  }
}
