/** What doctor finds on the other hosts, by their own word: each is asked through the probe network. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors.js';
import { namespacePath, PROBE_NAMESPACE } from '../../model/values/names.js';
import type { Node, NodeAddress } from '../../model/values/types.js';
import { type Heard, hear } from '../../probe/hearing.js';
import { type Round, someOf } from './rounds.js';

/** Of one: more than any of its checks may take there, ms. */
const PATIENCE_MS = 8_000;
/** Who cannot be given that any more is given this. */
const LEAST_MS = 1_000;
/**
 * Between two of whom one is asked after the other, and for all of them, ms. Each that is asked looks at all of its own
 * and probes some others: all of them at the same moment would find one another's load.
 */
const [APART_MS, SPREAD_MS] = [100, 3_000];
/** Until whoever probes has made the ways, which is a matter of milliseconds. */
const WAYS_MS = 300;

type Named = Pick<Node, 'address' | 'hostname'>;

export interface Other {
  readonly address: NodeAddress;
  readonly hostname: string;
  readonly said: Heard | { readonly silent: string };
}

/** After how many ms the host of this number is asked, of so many. */
export const startOf = (n: number, hosts: number): number => n * Math.min(APART_MS, SPREAD_MS / hosts);

/**
 * Those whom somebody is probing meanwhile, of each round one soon after the other, until a moment of `performance.now`. Who
 * neither answers probes nor says anything is left out: that is what the probes tell. Rejects as the probes of the first
 * do where nobody could be asked.
 */
export async function hearOthers(
  self: NodeAddress,
  rounds: readonly Round<Named>[],
  until: number,
  ask: typeof hear = hear,
): Promise<readonly Other[]> {
  const namespace = namespacePath(PROBE_NAMESPACE);
  const hearOne = async ({ address, hostname }: Named): Promise<Other> => {
    const patience = Math.max(LEAST_MS, Math.min(PATIENCE_MS, until - performance.now()));
    try {
      return { address, hostname, said: await ask(namespace, self, address, patience) };
    } catch (e) {
      return silent({ address, hostname }, e);
    }
  };
  const hearOf = async ({ begun, found, peers }: Round<Named>, n: number): Promise<readonly Other[]> => {
    const peer = peers[n];
    if (peer === undefined) return [];
    await begun;
    await Promise.race([found, sleep(WAYS_MS)]);
    await sleep(startOf(n, peers.length));
    const other = await hearOne(peer);
    if (!('silent' in other.said)) return [other];
    const isThere = (await found).some((probed) => probed.answered && probed.peer === peer.address);
    if (!isThere) return [];
    // There may have been no way to him yet, or he may know by now.
    return [until - performance.now() > LEAST_MS ? await hearOne(peer) : other];
  };
  const heard = rounds.flatMap((round) => round.peers.map((peer, n) => ({ peer, said: hearOf(round, n) })));
  const done = await someOf(heard.map(({ said }) => said));
  return heard.flatMap(({ peer }, n) => {
    const one = done[n];
    // Nobody knows whether he is there.
    return one?.status === 'fulfilled' ? one.value : [silent(peer, one?.reason)];
  });
}

const silent = ({ address, hostname }: Named, why: unknown): Other => ({
  ...{ address, hostname },
  said: { silent: messageOf(why) },
});
