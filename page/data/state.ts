/** What is known of the cluster, in the order in which it is shown; news make another one of it. Pure. */
import type {
  Edge,
  Finding,
  Member,
  Overview,
  OverviewHost,
  OverviewNetwork,
  Word,
} from '../../src/admin/contract/overview.js';

/** What comes first has all parts; what comes later those that have changed. */
export type News = Partial<Overview>;

/** A container on a network. */
export interface Place {
  /** Unique among all. */
  readonly key: string;
  readonly member: Member;
  readonly network: OverviewNetwork;
  /** Undefined for one that the store has no record of. */
  readonly host: OverviewHost | undefined;
  /** What it is found by, in small letters. */
  readonly text: string;
}

export interface State {
  readonly at: string;
  readonly self: string;
  readonly release: string;
  readonly confirmed: boolean;
  readonly hosts: readonly OverviewHost[];
  readonly networks: readonly OverviewNetwork[];
  readonly members: Readonly<Record<string, readonly Member[]>>;
  readonly edges: readonly Edge[];
  readonly findings: readonly Finding[];
  readonly words: readonly Word[];
  readonly places: readonly Place[];
}

export const NOTHING: State = {
  ...{ at: '', self: '', release: '', confirmed: false, hosts: [], networks: [], members: {}, edges: [], findings: [] },
  ...{ words: [], places: [] },
};

export function merged(state: State, news: News): State {
  const { members, hosts, networks, ...rest } = news;
  const next = {
    ...state,
    ...rest,
    hosts: hosts === undefined ? state.hosts : sorted(hosts, ({ name, id }) => `${name} ${id}`),
    networks: networks === undefined ? state.networks : sorted(networks, ({ name, id }) => `${name} ${id}`),
    members: members === undefined ? state.members : { ...state.members, ...members },
  };
  const isSame = hosts === undefined && networks === undefined && Object.keys(members ?? {}).length === 0;
  return isSame ? next : { ...next, places: placesOf(next) };
}

/** Digits as numbers: web2 before web10. */
const collator = new Intl.Collator('en', { numeric: true });

function sorted<T>(items: readonly T[], textOf: (item: T) => string): readonly T[] {
  const keyed = items.map((item) => ({ item, text: textOf(item) }));
  return keyed.sort((a, b) => collator.compare(a.text, b.text)).map(({ item }) => item);
}

function placesOf({ networks, members, hosts }: Omit<State, 'places'>): readonly Place[] {
  const byId = new Map(hosts.map((host) => [host.id, host]));
  const places = networks.flatMap((network) =>
    (members[network.id] ?? []).map((member) => placeOf(member, network, byId.get(member.host))),
  );
  return sorted(places, ({ member, key }) => `${nameOf(member)} ${key}`);
}

function placeOf(member: Member, network: OverviewNetwork, host: OverviewHost | undefined): Place {
  const { id, names, addresses, mac, container } = member;
  const words = [...names, ...addresses, mac, container, network.name, host?.name ?? member.host, host?.address ?? ''];
  return { key: `${network.id} ${id}`, member, network, host, text: words.join(' ').toLowerCase() };
}

/** For people. */
export const nameOf = ({ names, container, id }: Member): string => names[0] ?? (container || `endpoint ${id}`);
export const networkName = ({ name, id }: OverviewNetwork): string => name || id.slice(0, 12);
