/** An agent's parts, as metrics see them. */
import { Measures } from '../../../src/health/measures.js';
import type { MetricsSource } from '../../../src/metrics/source.js';
import type { Cluster } from '../../../src/model/values/types.js';
import { heardRows } from '../health/heard.js';
import { HOST1 } from '../model/fixtures.js';
import { idOf } from '../nodes.js';

export function madeUpAgent(cluster: Cluster) {
  let now = 10_000;
  const heard = heardRows(() => now);
  const measures = new Measures();
  const agent = {
    drops: new Map<string, number>() as ReadonlyMap<string, number> | undefined | Error,
    cluster,
    knowsCluster: true,
    dns: { answered: 0, forwarded: 0, dropped: 0, pauses: 0 },
  };
  const source: MetricsSource = {
    self: idOf(HOST1),
    rows: heard.rows,
    measures,
    view: {
      get current() {
        return agent.cluster;
      },
    },
    dns: {
      get counts() {
        return agent.dns;
      },
    },
    guard: {
      drops: () => {
        if (agent.drops instanceof Error) throw agent.drops;
        return agent.drops;
      },
    },
    knowsCluster: () => agent.knowsCluster,
  };
  const later = (ms: number) => {
    now += ms;
  };
  return { ...heard, agent, measures, source, later };
}
