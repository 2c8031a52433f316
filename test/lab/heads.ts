/** Heads of endpoints as somebody who writes to Consul by hand would change them, so that hosts look at what he wrote. */
import { setTimeout as sleep } from 'node:timers/promises';
import { keys } from '../../src/model/values/names.js';
import type { Consul } from './consul.js';

/** Until every watch has been told of a key, ms. */
const SEEN_MS = 500;

let writes = 0;

/** The key of one more head, which differs from all others. */
export const newHead = (network: string, owner: string): string =>
  `tsoverlay/${keys.head(network, owner, `hand${String(writes++).padStart(4, '0')}`)}`;

/** Hosts that watch the network read the owner's endpoints. */
export async function touchHead(consul: Pick<Consul, 'put' | 'remove'>, network: string, owner: string): Promise<void> {
  const key = newHead(network, owner);
  await consul.put(key, '');
  // A watch that is told of both at once sees nothing new.
  await sleep(SEEN_MS);
  await consul.remove(key);
}
