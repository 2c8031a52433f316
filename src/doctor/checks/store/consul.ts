import { check, type Trouble } from '../../check.js';
import type { ServerLook } from '../../looks/consul.js';
import type { Surroundings } from '../../surroundings.js';

/** An attach takes three round trips; more than this each is felt at the docker prompt, ms. */
const SLOW_MS = 500;
/** Of fewer reads one that is slow says nothing. */
const ENOUGH = 20;

export const consul = check({
  code: 'store.consul',
  about: "Consul's servers that CLUSTER_STORE names: each answers, which takes a leader, and answers soon",
  harm: 'containers start slowly, or not at all while no server answers; those that run go on',
  cure: 'see to that server: consul members, consul operator raft list-peers, its log and its disk (a leader waits for it); one that is gone for good is taken out of CLUSTER_STORE',
  look: ({ consul: ask }: Pick<Surroundings, 'consul'>): Promise<readonly ServerLook[]> => ask(),
  judge: (servers) => servers.flatMap(judgeServer),
});

function judgeServer({ address, away, times }: ServerLook): readonly Trouble[] {
  if (away !== undefined) return [{ what: away.includes(address) ? away : `Consul at ${address}: ${away}` }];
  const [usual, slowest] = [percentile(times, 0.5), percentile(times, 0.99)];
  if (usual >= SLOW_MS) return [{ what: `Consul at ${address} takes ${Math.round(usual)} ms for a read` }];
  if (slowest < SLOW_MS || times.length < ENOUGH) return [];
  return [
    {
      what: `Consul at ${address} takes ${Math.round(slowest)} ms for one of a hundred reads, and ${Math.round(usual)} ms for most`,
    },
  ];
}

/** `sorted`: from the least. */
const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
