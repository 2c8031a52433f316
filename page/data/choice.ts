/** What is looked for: words, and a host or network that was chosen. Pure. */
import type { OverviewHost, OverviewNetwork } from '../../src/admin/contract/overview.js';
import { networkName, type Place, type State } from './state.js';

export interface Choice {
  readonly words: string;
  readonly host: string | undefined;
  readonly network: string | undefined;
  /** The key of a place. */
  readonly place: string | undefined;
}

export const ALL: Choice = { words: '', host: undefined, network: undefined, place: undefined };

export interface Found {
  readonly hosts: readonly OverviewHost[];
  readonly networks: readonly OverviewNetwork[];
  readonly places: readonly Place[];
}

/** All words must be there, anywhere. Hosts and networks are found by what they are, and by the containers found on them. */
export function found({ hosts, networks, places }: State, { words, host, network }: Choice): Found {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (text: string): boolean => wanted.every((word) => text.includes(word));
  const chosen = places.filter(
    (place) =>
      (host === undefined || place.member.host === host) &&
      (network === undefined || place.network.id === network) &&
      has(place.text),
  );
  if (wanted.length === 0) return { hosts, networks, places: chosen };
  const onHosts = new Set(chosen.map(({ member }) => member.host));
  const onNetworks = new Set(chosen.map((place) => place.network.id));
  return {
    hosts: hosts.filter((one) => onHosts.has(one.id) || has(`${one.name} ${one.address} ${one.id}`.toLowerCase())),
    networks: networks.filter((one) => onNetworks.has(one.id) || has(wordsOf(one))),
    places: chosen,
  };
}

const wordsOf = (network: OverviewNetwork): string =>
  [networkName(network), network.id, ...network.subnets.flatMap(({ pool, vni }) => [pool, `vni ${vni}`])]
    .join(' ')
    .toLowerCase();
