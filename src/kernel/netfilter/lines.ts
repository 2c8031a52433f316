/**
 * What waits for locks of nf_tables: changes, and sockets that are closed. A container with CAP_NET_ADMIN holds its own
 * namespace's lock for as long as a batch of its own takes, seconds; and the kernel holds one lock of the whole host while it
 * waits for such a one (nfnetlink_rcv_batch), so that two threads of such a container keep everybody waiting. So the
 * process never waits itself, and of the pool's four threads two do at most. Questions need neither lock.
 */
import { Semaphore } from 'async-mutex';

const lines = new Semaphore(2);
/** Who goes first, and how many at once: neither keeps the others waiting, for containers have hundreds of changes. */
const RANKS = {
  ours: { priority: 1, door: new Semaphore(1) },
  container: { priority: 0, door: new Semaphore(2) },
  closing: { priority: -1, door: new Semaphore(1) },
} as const;
export type Rank = keyof typeof RANKS;

/** Runs `work`, which has a pool thread wait, once one may. */
export function inLine<T>(rank: Rank, work: () => Promise<T>): Promise<T> {
  const { priority, door } = RANKS[rank];
  return door.runExclusive(() => lines.runExclusive(work, 1, priority));
}
