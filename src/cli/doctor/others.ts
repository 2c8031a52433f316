/** What doctor finds on the other hosts, by their own word: each is asked through the probe network. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors.js';
import type { Probed } from '../../model/probe/passage.js';
import { namespacePath, PROBE_NAMESPACE } from '../../model/values/names.js';
import type { Node, NodeAddress } from '../../model/values/types.js';
import { type Heard, hear } from '../../probe/hearing.js';

/** Of one: more than any of its checks may take there, ms. */
const PATIENCE_MS = 8_000;
/** Who cannot be given that any more is given this. */
const LEAST_MS = 1_000;
/**
 * Between two of whom one is asked after the other, and for all of them, ms. Each that is asked looks at all of its own
 * and probes some others: all of them at the same moment would find one another's load.
 */
const [APART_MS, SPREAD_MS] = [100, 3_000];

export interface Other {
  readonly address: NodeAddress;
  readonly hostname: string;
  readonly said: Heard | { readonly silent: string };
}

/** After how many ms the host of this number is asked, of so many. */
export const startOf = (n: number, hosts: number): number => n * Math.min(APART_MS, SPREAD_MS / hosts);

/** Those who answer probes, one soon after the other, until a moment of `performance.now`. Never rejects. */
export async function hearOthers(
  self: NodeAddress,
  nodes: readonly Pick<Node, 'address' | 'hostname'>[],
  probed: readonly Probed[],
  until: number,
): Promise<readonly Other[]> {
  const namespace = namespacePath(PROBE_NAMESPACE);
  const answered = new Set(probed.filter((one) => one.answered).map(({ peer }) => peer));
  const asked = nodes.filter(({ address }) => answered.has(address));
  return Promise.all(
    asked.map(async ({ address, hostname }, n): Promise<Other> => {
      await sleep(startOf(n, asked.length));
      const patience = Math.max(LEAST_MS, Math.min(PATIENCE_MS, until - performance.now()));
      try {
        return { address, hostname, said: await hear(namespace, self, address, patience) };
      } catch (e) {
        return { address, hostname, said: { silent: messageOf(e) } };
      }
    }),
  );
}
