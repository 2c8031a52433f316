import { overlaps } from '../../../model/values/address.js';
import { GWBRIDGE } from '../../../model/values/names.js';
import type { Cidr } from '../../../model/values/types.js';
import { check, type Trouble } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

export interface GwbridgeFacts {
  /** Undefined where there is none yet. */
  readonly mtu: number | undefined;
  readonly isUp: boolean;
  /** Of the interface that has this host's address, bytes. */
  readonly underlayMtu: number | undefined;
  readonly own: readonly Cidr[];
  /** Networks that this host is on by other interfaces, with their names. */
  readonly others: readonly { readonly link: string; readonly network: Cidr }[];
  /** Subnets of the cluster's networks, with their names. */
  readonly pools: readonly { readonly name: string; readonly pool: Cidr }[];
  /** What GWBRIDGE_MTU says: another MTU than the underlay's is wanted. */
  readonly isMtuChosen: boolean;
}

type At = Pick<Surroundings, 'cluster' | 'isGwbridgeMtuChosen' | 'underlay'>;

export const gwbridge = check({
  code: 'underlay.gwbridge',
  about: 'docker_gwbridge, by which containers get out: its network, its MTU',
  harm: 'containers reach the outside not at all, or only with small packets, or reach a network of that range instead of the other one',
  cure: 'stop the containers that are on it, docker network rm docker_gwbridge, set GWBRIDGE_SUBNET to a free range (GWBRIDGE_MTU for its MTU), and start them again: it is made anew',
  look: async ({ underlay: ask, cluster, isGwbridgeMtuChosen: isMtuChosen }: At): Promise<GwbridgeFacts> => {
    const underlay = await ask();
    const { networks } = await cluster();
    const pools = networks.flatMap((n) =>
      n.subnets.map(({ pool }) => ({ name: n.announced?.name ?? n.id.slice(0, 12), pool })),
    );
    const link = underlay.links.find((l) => l.name === GWBRIDGE && l.kind === 'bridge');
    const isOwn = (network: { readonly link: string }): boolean => network.link === GWBRIDGE;
    return {
      mtu: link?.mtu,
      isUp: link?.up === true,
      underlayMtu: underlay.links.find((l) => l.name === underlay.link)?.mtu,
      own: underlay.networks.filter(isOwn).map(({ network }) => network),
      others: underlay.networks.filter((network) => !isOwn(network) && network.link !== 'lo'),
      ...{ pools, isMtuChosen },
    };
  },
  judge: (facts) => (facts.mtu === undefined ? [] : [...state(facts), ...overlap(facts)]),
});

function state({ mtu, isUp, underlayMtu, isMtuChosen }: GwbridgeFacts): readonly Trouble[] {
  if (!isUp) return [{ what: 'docker_gwbridge is down', cure: 'ip link set docker_gwbridge up' }];
  if (isMtuChosen || underlayMtu === undefined || mtu === undefined || mtu <= underlayMtu) return [];
  return [
    {
      what: `docker_gwbridge has MTU ${mtu}, and the interface that packets leave by has ${underlayMtu}`,
      cure: `ip link set docker_gwbridge mtu ${underlayMtu}; tsoverlay does so by itself unless GWBRIDGE_MTU=keep`,
    },
  ];
}

const overlap = ({ own, others, pools }: GwbridgeFacts): readonly Trouble[] =>
  own.flatMap((network) => [
    ...others
      .filter((other) => overlaps(network, other.network))
      .map(({ link, network: other }) => ({
        what: `docker_gwbridge has ${network}, and ${link} of this host ${other}`,
      })),
    ...pools
      .filter(({ pool }) => overlaps(network, pool))
      .map(({ name, pool }) => ({ what: `docker_gwbridge has ${network}, and network ${name} ${pool}` })),
  ]);
