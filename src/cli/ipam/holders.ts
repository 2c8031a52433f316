/** Who has each address of the cluster, and which of that cannot be. Pure. */
import { contains, ipPart } from '../../model/values/address.js';
import type {
  Cidr,
  Endpoint,
  EndpointId,
  Ip,
  Lease,
  Network,
  NetworkId,
  Node,
  NodeId,
  Pool,
} from '../../model/values/types.js';

/** What is younger may be somebody's work in progress, ms; either way, for clocks differ. */
const UNDER_WAY_MS = 60_000;

export interface Records {
  readonly nodes: readonly Node[];
  readonly networks: readonly Network[];
  readonly endpoints: readonly Endpoint[];
  readonly leases: readonly Lease[];
  readonly pools: readonly Pool[];
  /** Addresses that rest, by pool. */
  readonly resting: readonly { readonly pool: Cidr; readonly address: Ip; readonly node: NodeId }[];
}

/**
 * `leaked`: nobody uses it, and nobody gets it. `double`: several endpoints have it. `unleased`: an endpoint has it, and
 * somebody else may get it.
 */
export type Standing = 'held' | 'under way' | 'cooling' | 'leaked' | 'double' | 'unleased';

export interface Holding {
  readonly pool: Cidr;
  readonly network?: NetworkId;
  readonly address: Ip;
  readonly standing: Standing;
  /** The owner's id. */
  readonly node: NodeId;
  readonly kind: Lease['kind'];
  readonly container?: string;
  /** What is wrong with it, for those that are. */
  readonly why?: string;
}

const WRONG: ReadonlySet<Standing> = new Set(['leaked', 'double', 'unleased']);
export const isWrong = ({ standing }: Holding): boolean => WRONG.has(standing);

/**
 * Of the later look, with nothing wrong but what was as wrong before: an endpoint that is being removed, or several records
 * that were not read in the same moment.
 */
export function confirmed(before: readonly Holding[], after: readonly Holding[]): readonly Holding[] {
  const keyOf = ({ pool, address, node, standing }: Holding) => [pool, address, node, standing].join(' ');
  const known = new Set(before.filter(isWrong).map(keyOf));
  return after.map((h) => (isWrong(h) && !known.has(keyOf(h)) ? { ...h, standing: 'under way' } : h));
}

/** All of all pools, by pool and address. `now`: ms since 1970. */
export function holdingsIn(records: Records, now: number): readonly Holding[] {
  const { networks, endpoints, leases, resting } = records;
  const ofPool = new Map(networks.flatMap(({ id, subnets }) => subnets.map(({ pool }) => [pool, id] as const)));
  const networkOf = (pool: Cidr) => {
    const network = ofPool.get(pool);
    return network === undefined ? {} : { network };
  };
  const bearers = bearersIn(endpoints);
  const known = new Map(endpoints.map((e) => [e.id, e]));
  const leased = new Map(leases.map((lease) => [`${lease.pool} ${lease.address}`, lease]));
  return [
    ...leases.map((lease) => ({
      ...{ pool: lease.pool, ...networkOf(lease.pool), address: lease.address, node: lease.node, kind: lease.kind },
      ...judged(lease, { known, bearers, now, isOfNetwork: ofPool.has(lease.pool) }),
    })),
    ...endpoints.flatMap((e) => unleased(e, networks, leased, now)),
    ...resting.map(({ pool, address, node }) => ({
      ...{ pool, ...networkOf(pool), address, node },
      ...({ kind: 'endpoint', standing: 'cooling' } as const),
    })),
  ];
}

type Bearers = ReadonlyMap<string, readonly Endpoint[]>;

/** By network and address. */
function bearersIn(endpoints: readonly Endpoint[]): Bearers {
  const found = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints)
    for (const address of endpoint.addresses) {
      const key = `${endpoint.network} ${ipPart(address)}`;
      found.set(key, [...(found.get(key) ?? []), endpoint]);
    }
  return found;
}

interface Around {
  readonly known: ReadonlyMap<EndpointId, Endpoint>;
  readonly bearers: Bearers;
  readonly now: number;
  readonly isOfNetwork: boolean;
}

type Judgement = Pick<Holding, 'standing' | 'container' | 'why'>;

function judged(lease: Lease, { known, bearers, now, isOfNetwork }: Around): Judgement {
  const isUnderWay = Math.abs(now - lease.created) < UNDER_WAY_MS;
  const leaked = (why: string): Judgement => ({ standing: isUnderWay ? 'under way' : 'leaked', why });
  if (!isOfNetwork) return leaked('its pool is of no network');
  if (lease.kind !== 'endpoint') return { standing: 'held' };
  if (lease.endpoint === undefined) return leaked('no endpoint took it up');
  const endpoint = known.get(lease.endpoint);
  if (endpoint === undefined) return leaked('its endpoint is gone');
  const named = { container: nameOf(endpoint) };
  if (!endpoint.addresses.some((a) => ipPart(a) === lease.address))
    return { ...leaked('its endpoint has another address'), ...named };
  const others = (bearers.get(`${endpoint.network} ${lease.address}`) ?? []).filter((e) => e !== endpoint);
  if (others.length === 0) return { standing: 'held', ...named };
  return { standing: 'double', ...named, why: `${others.map(nameOf).join(', ')} has it too` };
}

/** Addresses of an endpoint that nobody leased: the next one who asks may get them. */
function unleased(
  endpoint: Endpoint,
  networks: readonly Network[],
  leased: ReadonlyMap<string, Lease>,
  now: number,
): readonly Holding[] {
  if (Math.abs(now - endpoint.created) < UNDER_WAY_MS) return [];
  const network = networks.find(({ id }) => id === endpoint.network);
  return endpoint.addresses.flatMap((address) => {
    const ip = ipPart(address);
    const pool = network?.subnets.find((s) => contains(s.pool, ip))?.pool;
    const lease = pool && leased.get(`${pool} ${ip}`);
    if (network === undefined || pool === undefined || lease?.endpoint === endpoint.id) return [];
    const why = lease === undefined ? 'nobody leased it' : 'its lease is of another endpoint';
    const { node } = endpoint;
    return [
      {
        ...{ pool, network: network.id, address: ip, node, container: nameOf(endpoint), why },
        ...({ kind: 'endpoint', standing: lease === undefined ? 'unleased' : 'double' } as const),
      },
    ];
  });
}

const nameOf = ({ names, id }: Endpoint): string => names[0] ?? id.slice(0, 12);

/** Pools that somebody claimed for a network that never came. */
export const abandonedPools = ({ pools }: Records, now: number): readonly Pool[] =>
  pools.filter((pool) => pool.network === undefined && Math.abs(now - pool.created) >= UNDER_WAY_MS);
