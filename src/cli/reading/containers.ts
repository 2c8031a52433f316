/** Finds containers of the cluster by what people call them: name, alias, id or the beginning of it. */
import { UserError } from '../../errors.js';
import { NOBODY } from '../../health/row.js';
import { ipPart } from '../../model/values/address.js';
import type { Endpoint, Ip, Network, Node, NodeId } from '../../model/values/types.js';
import { HostMemory } from '../../store/data-dir/host-memory.js';
import type { Desk } from '../frame/desk.js';

/** What is known of the cluster's containers. */
export interface Known {
  readonly nodes: readonly Node[];
  readonly networks: readonly Network[];
  readonly endpoints: readonly Endpoint[];
}

/** A container's place on one network. */
export interface Place {
  readonly endpoint: Endpoint;
  readonly network: Network;
}

/** Shorter beginnings of an id are somebody's name. */
const SHORTEST_ID = 4;

/** As DNS compares them, with the network's name behind them or without. */
const isNamed = (name: string | undefined, { network }: Place, what: string): boolean => {
  const wanted = what.toLowerCase();
  const bare = name?.toLowerCase();
  return bare !== undefined && (bare === wanted || `${bare}.${network.announced?.name ?? ''}`.toLowerCase() === wanted);
};

/** Whether DNS knows it by that name. */
export const isCalled = (place: Place, what: string): boolean =>
  place.endpoint.names.some((name) => isNamed(name, place, what));

function isIdOf({ endpoint: { container, id } }: Place, what: string): boolean {
  const wanted = what.toLowerCase();
  const isId = /^[0-9a-f]+$/.test(wanted) && wanted.length >= SHORTEST_ID;
  return isId && (container.startsWith(wanted) || id.startsWith(wanted));
}

/** Those whom people mean: a name goes before the beginning of an id, as docker takes them. */
export function meantBy(places: readonly Place[], what: string): readonly Place[] {
  const called = places.filter((place) => isCalled(place, what));
  return called.length > 0 ? called : places.filter((place) => isIdOf(place, what));
}

/** The same, where one container is meant: its own name goes before what others are called besides. */
export function oneMeantBy(places: readonly Place[], what: string): readonly Place[] {
  const own = places.filter((place) => isNamed(place.endpoint.names[0], place, what));
  return own.length > 0 ? own : meantBy(places, what);
}

/** Those that have the address. */
export const placesAt = (places: readonly Place[], ip: Ip): readonly Place[] =>
  places.filter(({ endpoint }) => endpoint.addresses.some((cidr) => ipPart(cidr) === ip));

export const placesOf = ({ networks, endpoints }: Known, is: (endpoint: Endpoint) => boolean): readonly Place[] =>
  endpoints.filter(is).flatMap((endpoint) => {
    const network = networks.find(({ id }) => id === endpoint.network);
    return network === undefined ? [] : [{ endpoint, network }];
  });

/**
 * Where the one container of this host is that people mean. Throws a UserError that says where it is, for one of another
 * host, and what there is, for one that is nowhere.
 */
export function ownPlaces(known: Known, self: NodeId | undefined, what: string): readonly Place[] {
  const own = oneMeantBy(
    placesOf(known, ({ node }) => node === self),
    what,
  );
  const containers = new Set(own.map(({ endpoint }) => endpoint.container || endpoint.id));
  if (containers.size > 1)
    throw new UserError(`several containers of this host are called "${what}"; use the id of one`);
  if (own.length > 0) return own;
  const [other] = oneMeantBy(
    placesOf(known, ({ node }) => node !== self),
    what,
  );
  if (other !== undefined)
    throw new UserError(`container "${what}" is on host ${hostOf(known, other.endpoint)}; run this command there`);
  throw new UserError(
    `no container "${what}" is on a network of tsoverlay on this host; docker ps names those that run`,
  );
}

/** `docker02 (10.0.0.61)` */
export function hostOf({ nodes }: Pick<Known, 'nodes'>, { node }: Pick<Endpoint, 'node'>): string {
  const record = nodes.find(({ id }) => id === node);
  return record === undefined ? node : `${record.hostname} (${record.address})`;
}

export const nameOf = ({ names, id }: Endpoint): string => names[0] ?? id.slice(0, 12);

/** What DATA_DIR says of this host: who it is, and where its containers' namespaces are. */
export function ownMemory({ settings: { dataDir } }: Desk): Pick<HostMemory, 'node' | 'sandboxes'> {
  return HostMemory.open(dataDir, NOBODY);
}
