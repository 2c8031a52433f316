/** The ways from this host to the others, probed again and again for as long as somebody looks at the page. */
import type { Probed } from '../../model/probe/passage.js';
import type { Cluster, Node, NodeAddress, NodeId } from '../../model/values/types.js';
import type { Edge } from '../contract/overview.js';
import { MOST_PEERS } from '../contract/probe.js';

/** Between the beginnings of two rounds, ms: one takes some seconds, and some dozens of packets to each host. */
const EVERY_MS = 15_000;

export interface WaysParts {
  readonly self: NodeId;
  readonly view: { readonly current: Cluster };
  readonly probes: { probe(peers: readonly NodeAddress[]): Promise<readonly Probed[]> };
  readonly now: () => Date;
}

export class Ways {
  private edges: readonly Edge[] = [];
  private round: Promise<void> = Promise.resolve();
  private began = Number.NEGATIVE_INFINITY;
  /** When each host was probed last, so that all have their turn where one round is not enough. */
  private readonly probed = new Map<NodeId, number>();

  constructor(private readonly parts: WaysParts) {}

  /** The same value as long as no probe has told anything else. */
  get current(): readonly Edge[] {
    return this.edges;
  }

  /** Resolves with the end of the round that is under way, or of one that begins now where the last one is a while ago. */
  look(): Promise<void> {
    const now = performance.now();
    if (now - this.began < EVERY_MS) return this.round;
    this.began = now;
    this.round = this.probeSome();
    return this.round;
  }

  private async probeSome(): Promise<void> {
    const { self, view, probes } = this.parts;
    const others = [...view.current.nodes.values()].filter(({ id, alive }) => alive && id !== self);
    const last = ({ id }: Node): number => this.probed.get(id) ?? -1;
    const turn = others.sort((a, b) => last(a) - last(b)).slice(0, MOST_PEERS);
    for (const { id } of turn) this.probed.set(id, performance.now());
    for (const id of this.probed.keys()) if (!view.current.nodes.has(id)) this.probed.delete(id);
    if (turn.length === 0) return;
    try {
      const found = await probes.probe(turn.map(({ address }) => address));
      const at = this.parts.now().toISOString();
      const told = turn.flatMap(({ id }, i) => {
        const way = found[i];
        return way === undefined ? [] : [edgeOf(self, id, at, way)];
      });
      const nodes: ReadonlyMap<string, unknown> = view.current.nodes;
      const kept = this.edges.filter(({ to }) => nodes.has(to) && !told.some((t) => t.to === to));
      this.edges = [...kept, ...told];
    } catch {
      // No probe is no way that is broken: a host has gone meanwhile, or this one has no way out yet. `doctor` says which.
    }
  }
}

function edgeOf(from: NodeId, to: NodeId, at: string, way: Probed): Edge {
  const common = { from, to, at, reached: way.answered };
  if (!way.answered) return { ...common, rtt: null, loss: null, mtu: null, planned: null };
  const { roundTrip, there, back, mtu } = way;
  const arrived = Math.min(...[there, back].map((tally) => (tally.sent === 0 ? 1 : tally.arrived / tally.sent)));
  return {
    ...common,
    rtt: roundTrip.median,
    loss: 1 - arrived,
    mtu: Math.min(mtu.there, mtu.back),
    planned: mtu.planned,
  };
}
