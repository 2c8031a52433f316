/** What doctor finds on the other hosts, by their own word: each is asked through the probe network. */
import { messageOf } from '../../errors.js';
import type { Probed } from '../../model/probe/passage.js';
import { namespacePath, PROBE_NAMESPACE } from '../../model/values/names.js';
import type { Node, NodeAddress } from '../../model/values/types.js';
import { type Heard, hear } from '../../probe/hearing.js';

const PATIENCE_MS = 6_000;

export interface Other {
  readonly address: NodeAddress;
  readonly hostname: string;
  readonly said: Heard | { readonly silent: string };
}

/** Those who answer probes, all at once. Never rejects. */
export async function hearOthers(
  self: NodeAddress,
  nodes: readonly Pick<Node, 'address' | 'hostname'>[],
  probed: readonly Probed[],
): Promise<readonly Other[]> {
  const namespace = namespacePath(PROBE_NAMESPACE);
  const answered = new Set(probed.filter((one) => one.answered).map(({ peer }) => peer));
  const asked = nodes.filter(({ address }) => answered.has(address));
  return Promise.all(
    asked.map(async ({ address, hostname }): Promise<Other> => {
      try {
        return { address, hostname, said: await hear(namespace, self, address, PATIENCE_MS) };
      } catch (e) {
        return { address, hostname, said: { silent: messageOf(e) } };
      }
    }),
  );
}
