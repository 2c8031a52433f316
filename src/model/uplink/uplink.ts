/**
 * A network's own way out of its host (`tsoverlay.gateway=overlay`): a veth pair from its namespace to docker_gwbridge, for
 * the engine lets through whatever comes by that bridge, with each of its firewalls. Pure.
 */
import { cidrOf, ipv4Of, networkOf } from '../values/address.js';
import { OPTION_GATEWAY } from '../values/names.js';
import type { Cidr, Cluster, Network, NetworkId } from '../values/types.js';

/** Of benchmarks (RFC 2544), which nobody routes: each host has it for itself, on docker_gwbridge. */
export const UPLINK_POOL = networkOf('198.18.0.0/15');
const PREFIX = 15;
const FIRST = 198 * 2 ** 24 + 18 * 2 ** 16;
/** Without the pool's first and last address and the host's. */
const PLACES = 2 ** 17 - 3;

/** docker_gwbridge's, where the networks of this host send what is for the outside. */
export const UPLINK_GATEWAY = ipv4Of(FIRST + 1);
export const UPLINK_GATEWAY_CIDR = cidrOf(UPLINK_GATEWAY, PREFIX);

export const hasUplink = ({ options }: Pick<Network, 'options'>): boolean => options[OPTION_GATEWAY] === 'overlay';

const placed = new WeakMap<Cluster['networks'], ReadonlyMap<NetworkId, Cidr>>();

/** Undefined for a network whose containers go out by a card of their own. */
export const uplinkAddress = (networks: Cluster['networks'], { id }: Pick<Network, 'id'>): Cidr | undefined =>
  addressesOf(networks).get(id);

/** The same on all hosts; of two networks that would have one address the older one has it. */
function addressesOf(networks: Cluster['networks']): ReadonlyMap<NetworkId, Cidr> {
  const known = placed.get(networks);
  if (known !== undefined) return known;
  const all = [...networks.values()].filter(hasUplink);
  all.sort((a, b) => (a.born ?? 0) - (b.born ?? 0) || (a.id < b.id ? -1 : 1));
  const taken = new Map<number, number>();
  const found = new Map<NetworkId, Cidr>();
  for (const { id } of all.slice(0, PLACES))
    found.set(id, cidrOf(ipv4Of(FIRST + 2 + take(taken, Number.parseInt(id.slice(0, 8), 16) % PLACES)), PREFIX));
  placed.set(networks, found);
  return found;
}

/**
 * The first place from there on that is free. `taken`: where to go on from each that is not; who has gone there leads the next
 * one further, for ids may have been chosen to begin alike, and to walk past all of them takes seconds.
 */
function take(taken: Map<number, number>, wished: number): number {
  const passed = [];
  let place = wished;
  for (let next = taken.get(place); next !== undefined; next = taken.get(place)) {
    passed.push(place);
    place = next;
  }
  for (const each of [...passed, place]) taken.set(each, (place + 1) % PLACES);
  return place;
}
