/**
 * The other hosts, for as long as somebody looks at the page: the ways to them are probed again and again, and those who
 * answer are asked now and then what doctor finds on them. What is old is forgotten: nobody is to take it for what is.
 */
import type { Probed } from '../../model/probe/passage.js';
import { clipped } from '../../model/values/printable.js';
import type { Cluster, Node, NodeAddress, NodeId } from '../../model/values/types.js';
import type { Heard } from '../../probe/hearing.js';
import type { Edge, Word } from '../contract/overview.js';
import { MOST_PEERS } from '../contract/probe.js';
import { edgeOf } from './edge.js';
import { Recent } from './recent.js';

/** Between the beginnings of two rounds, ms: one takes some seconds, and some dozens of packets to each host. */
const EVERY_MS = 15_000;
/** Each that is asked looks at all of its own for that: between two times, ms, and how many do so at once. */
const ASKED_MS = 60_000;
const ASKED_AT_ONCE = 4;
/** Of one; more than any of its checks may take there, ms. */
const PATIENCE_MS = 8_000;
/** Some 300 hosts have their turn by then, ms. */
const OLD_MS = 150_000;

/** Of what one says, which goes to all who look: findings, and characters of each sentence. */
const [MOST_FINDINGS, MOST_WORDS] = [20, 500];

export interface OthersParts {
  readonly self: NodeId;
  /** UDP, of VXLAN. */
  readonly port: number;
  readonly view: { readonly current: Cluster };
  readonly probes: {
    probe(peers: readonly NodeAddress[]): Promise<readonly Probed[]>;
    hear(peer: NodeAddress, patienceMs: number): Promise<Pick<Heard, 'findings'>>;
  };
  readonly now: () => Date;
}

export class Others {
  private readonly ways = new Recent<NodeId, Edge>(OLD_MS);
  private readonly said = new Recent<NodeId, Word>(OLD_MS);
  private round: Promise<void> = Promise.resolve();
  private began = Number.NEGATIVE_INFINITY;
  /** When each host was probed last, so that all have their turn where one round is not enough, and when it was asked. */
  private readonly probed = new Map<NodeId, number>();
  private readonly asked = new Map<NodeId, number>();

  constructor(private readonly parts: OthersParts) {}

  /** The same value as long as no probe has told anything else. */
  get edges(): readonly Edge[] {
    return this.ways.values;
  }

  get words(): readonly Word[] {
    return this.said.values;
  }

  /** Resolves with the end of the round that is under way, or of one that begins now where the last one is a while ago. */
  look(): Promise<void> {
    const now = performance.now();
    const living = this.living();
    for (const kept of [this.ways, this.said]) kept.keepOnly(living);
    if (now - this.began < EVERY_MS) return this.round;
    this.began = now;
    this.round = this.lookAt([...living.values()]);
    return this.round;
  }

  private living(): ReadonlyMap<NodeId, Node> {
    const { self, view } = this.parts;
    return new Map([...view.current.nodes].filter(([id, { alive }]) => alive && id !== self));
  }

  private async lookAt(others: readonly Node[]): Promise<void> {
    const last = ({ id }: Node): number => this.probed.get(id) ?? -1;
    const turn = [...others].sort((a, b) => last(a) - last(b)).slice(0, MOST_PEERS);
    for (const { id } of turn) this.probed.set(id, performance.now());
    const { nodes } = this.parts.view.current;
    for (const times of [this.probed, this.asked]) for (const id of times.keys()) if (!nodes.has(id)) times.delete(id);
    await this.ask(await this.probe(turn));
  }

  /** Those that have answered. */
  private async probe(turn: readonly Node[]): Promise<readonly Node[]> {
    if (turn.length === 0) return [];
    const { self, port, probes, now } = this.parts;
    try {
      const found = await probes.probe(turn.map(({ address }) => address));
      const at = now().toISOString();
      this.ways.put(
        turn.flatMap(({ id }, i) => {
          const way = found[i];
          return way === undefined ? [] : [[id, edgeOf(self, id, at, way, port)] as const];
        }),
      );
      return turn.filter((_, i) => found[i]?.answered === true);
    } catch {
      // No probe is no way that is broken: a host has gone meanwhile, or this one has no way out yet. `doctor` says which.
      return [];
    }
  }

  private async ask(there: readonly Node[]): Promise<void> {
    const now = performance.now();
    const due = there.filter(({ id }) => now - (this.asked.get(id) ?? Number.NEGATIVE_INFINITY) >= ASKED_MS);
    for (const { id } of due) this.asked.set(id, now);
    const waiting = [...due];
    const one = async (): Promise<void> => {
      for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) await this.hear(node);
    };
    await Promise.all(Array.from({ length: ASKED_AT_ONCE }, one));
  }

  private async hear({ id, address }: Node): Promise<void> {
    try {
      const { findings } = await this.parts.probes.hear(address, PATIENCE_MS);
      this.said.put([[id, { host: id, at: this.parts.now().toISOString(), findings: shortened(findings) }]]);
    } catch {
      // It is busy, or of another release: what it said last gets old.
    }
  }
}

const shortened = (findings: Heard['findings']): Word['findings'] =>
  findings
    .slice(0, MOST_FINDINGS)
    .map(({ code, what, cure }) => ({ code, what: clipped(what, MOST_WORDS), cure: clipped(cure, MOST_WORDS) }));
