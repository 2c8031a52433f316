/** How the way between two hosts is, by its probe: a word, and a sentence. Pure. */
import type { Edge } from '../../src/admin/contract/overview.js';
import type { State } from './state.js';

/** The worst that is true of it. `cut`: nothing arrives; `narrow`: large packets do not, or those that a card has spoilt. */
export type Way = 'cut' | 'lossy' | 'narrow' | 'slow' | 'fine';
export const WAYS: readonly Way[] = ['cut', 'lossy', 'narrow', 'slow', 'fine'];

/** Beyond it people begin to notice, ms. */
const SLOW_MS = 50;

export function wayOf({ reached, troubles, rtt }: Edge): Way {
  if (!reached) return 'cut';
  if (troubles.some(({ code }) => code === 'probe.loss')) return 'lossy';
  if (troubles.length > 0) return 'narrow';
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

/** By network, the hosts with containers on it. */
export type Seats = ReadonlyMap<string, ReadonlySet<string>>;

export const seatsOf = ({ networks, members }: Pick<State, 'networks' | 'members'>): Seats =>
  new Map(networks.map(({ id }) => [id, new Set((members[id] ?? []).map(({ host }) => host))]));

type Known = Pick<State, 'hosts' | 'networks'>;

const sharedBy = ({ networks }: Pick<Known, 'networks'>, seats: Seats, { from, to }: Edge) =>
  networks.filter(({ id }) => [from, to].every((host) => seats.get(id)?.has(host) === true));

const unableOf = ({ hosts }: Pick<Known, 'hosts'>, { from, to }: Edge): readonly string[] =>
  hosts.filter(({ id, encrypts }) => (id === from || id === to) && !encrypts).map(({ name }) => name);

/** Whether all that containers of two hosts have to say to each other is encrypted. */
export function isSecret(known: Known, seats: Seats, edge: Edge): boolean {
  const shared = sharedBy(known, seats, edge);
  return shared.length > 0 && shared.every(({ encrypted }) => encrypted) && unableOf(known, edge).length === 0;
}

/** What of the traffic between two hosts is encrypted, for people: of the networks that both have containers on. */
export function encryptionOf(known: Known, seats: Seats, edge: Edge): string {
  const shared = sharedBy(known, seats, edge);
  if (shared.length === 0) return 'no network has containers on both';
  const secret = shared.filter(({ encrypted }) => encrypted).length;
  if (secret === 0) return 'not encrypted';
  const unable = unableOf(known, edge);
  if (unable.length > 0) return `nothing of encrypted networks, for ${unable.join(' and ')} cannot encrypt`;
  return secret === shared.length ? 'encrypted' : `encrypted for ${secret} of ${shared.length} networks`;
}
