/** What an attach costs in a network of so many endpoints: the starter, the others that take part, and one that does not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../bench/statistics.js';
import type { AttachTimes, Container } from './engine-containers.js';
import type { LightHost } from './light-host.js';
import { type Cost, costOf } from './meter.js';
import { isLeaseList, isWrite } from './requests.js';
import type { Stage } from './stage.js';

/** Counts and pauses of one point. */
export interface Effort {
  /** Attaches of which cost and times are taken, quick enough to be well above what idle hosts use. */
  readonly attaches: number;
  readonly pauseMs: number;
  /** Attaches of which names are asked for on all hosts, which costs these. */
  readonly named: number;
  readonly namedPauseMs: number;
  readonly idleSeconds: number;
}

/** Samples: of attaches, or of hosts. Milliseconds, bytes, MiB. */
export interface Point {
  readonly endpoints: number;
  readonly attach: readonly number[];
  readonly requestAddress: readonly number[];
  readonly createEndpoint: readonly number[];
  readonly join: readonly number[];
  /** Transactions and all requests of the starter per attach. */
  readonly writes: number;
  readonly requests: number;
  readonly leaseLists: number;
  /** Per attach elsewhere, of each host that takes part, its event loop unwatched; see Cost. */
  readonly cpu: readonly number[];
  readonly cpuWithAll: readonly number[];
  readonly received: readonly number[];
  readonly receivedWithAll: readonly number[];
  readonly bystander: Cost;
  /** What an idle host that takes part uses in a second. */
  readonly idle: { readonly cpu: number; readonly received: number };
  /** From the answer to Join; before it is 0. Of each attach on each host. */
  readonly fdb: readonly number[];
  readonly neighbour: readonly number[];
  readonly name: readonly number[];
  readonly rssMiB: readonly number[];
  /** The longest turn of each second of the watched host, and the latest timer. */
  readonly busy: readonly number[];
  readonly late: readonly number[];
}

type Run = Container & AttachTimes;

export async function measurePoint(stage: Stage, endpoints: number, effort: Effort): Promise<Point> {
  const { site, starter, others, bystander } = stage;
  const watched = others[0];
  const quiet = others.length > 1 ? others.slice(1) : others;
  const from = Math.floor(Date.now() / 1000) + 1;
  const arrivals = await stage.watch();
  const idle = await site.idle(effort.idleSeconds);
  const log = site.requests();
  const ids = await starter.sandboxes(effort.attaches + effort.named);
  const runs: Run[] = [];
  const used = await site.measure(
    ids.slice(0, effort.attaches).map((id) => async () => {
      runs.push(await starter.run(stage.network, `run-${id.slice(0, 8)}`, id));
      await sleep(effort.pauseMs);
    }),
  );
  const asked = log.all().filter(({ from }) => from === starter.host.address);
  const name: number[] = [];
  for (const id of ids.slice(effort.attaches)) {
    const run = await starter.run(stage.network, `run-${id.slice(0, 8)}`, id);
    const named = await Promise.all(arrivals.map((a) => a.named(run)));
    name.push(...named.map((at) => Math.max(0, at - run.joined)));
    runs.push(run);
    await sleep(effort.namedPauseMs);
  }
  const kernel = await Promise.all(
    runs.flatMap((run) => arrivals.map(async (a) => ({ run, at: await a.inKernel(run) }))),
  );
  const since = (at: number, run: Run): number => Math.max(0, at - run.joined);
  const cost = (h: LightHost) => costOf(used.get(h) ?? [], idle.get(h) ?? []);
  const nothing = quiet.flatMap((h) => idle.get(h) ?? []);
  const loop = watched?.loop(from) ?? [];
  const rssMiB = quiet.map((h) => h.rssMiB());
  for (const a of arrivals) a.close();
  await starter.removeAll(runs);
  const first = runs.slice(0, effort.attaches);
  return {
    endpoints,
    attach: first.map((r) => r.whole),
    requestAddress: first.map((r) => r.requestAddress),
    createEndpoint: first.map((r) => r.createEndpoint),
    join: first.map((r) => r.join),
    writes: asked.filter(isWrite).length / effort.attaches,
    requests: asked.length / effort.attaches,
    leaseLists: asked.filter(isLeaseList).length,
    cpu: quiet.map((h) => cost(h).cpu),
    cpuWithAll: quiet.map((h) => cost(h).cpuWithAll),
    received: quiet.map((h) => cost(h).received),
    receivedWithAll: quiet.map((h) => cost(h).receivedWithAll),
    bystander: cost(bystander),
    idle: {
      cpu: median(nothing.map((u) => u.cpu / u.seconds)),
      received: median(nothing.map((u) => u.received / u.seconds)),
    },
    fdb: kernel.map(({ run, at }) => since(at.fdb, run)),
    neighbour: kernel.map(({ run, at }) => since(at.neighbour, run)),
    name,
    rssMiB,
    busy: loop.map((s) => s.busy),
    late: loop.map((s) => s.late),
  };
}
