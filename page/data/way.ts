/** How the way between two hosts is, by its probe: a word, and a sentence. Pure. */
import type { Edge, Overview } from '../../src/admin/contract/overview.js';

/** The worst that is true of it. `cut`: nothing arrives; `narrow`: large packets do not. */
export type Way = 'cut' | 'lossy' | 'narrow' | 'slow' | 'fine';
export const WAYS: readonly Way[] = ['cut', 'lossy', 'narrow', 'slow', 'fine'];

/** Beyond it people begin to notice, ms. */
const SLOW_MS = 50;

export function wayOf({ reached, loss, mtu, planned, rtt }: Edge): Way {
  if (!reached) return 'cut';
  if (loss !== null && loss > 0) return 'lossy';
  if (mtu !== null && planned !== null && mtu < planned) return 'narrow';
  return rtt !== null && rtt > SLOW_MS ? 'slow' : 'fine';
}

/** What was measured, for people: `0.3 ms, no loss, MTU 1500`. */
export function measuredOf({ reached, rtt, loss, mtu, planned }: Edge): string {
  if (!reached) return 'nothing arrives';
  const parts = [
    rtt === null ? undefined : `${rtt < 10 ? rtt.toFixed(1) : Math.round(rtt)} ms`,
    loss === null ? undefined : loss === 0 ? 'no loss' : `${Math.ceil(loss * 100)} % lost`,
    mtu === null ? undefined : planned !== null && mtu < planned ? `MTU ${mtu} of ${planned}` : `MTU ${mtu}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

/** What of the traffic between two hosts is encrypted, for people. Each network says whether it is to be. */
export function encryptionOf({ hosts, networks }: Pick<Overview, 'hosts' | 'networks'>, { from, to }: Edge): string {
  const secret = networks.filter(({ encrypted }) => encrypted).length;
  if (secret === 0) return 'not encrypted';
  const unable = hosts.filter(({ id, encrypts }) => (id === from || id === to) && !encrypts).map(({ name }) => name);
  if (unable.length > 0) return `nothing of encrypted networks, for ${unable.join(' and ')} cannot encrypt`;
  return secret === networks.length ? 'encrypted' : `encrypted for ${secret} of ${networks.length} networks`;
}
