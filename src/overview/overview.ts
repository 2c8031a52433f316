/** What the page shows of a cluster, by the records it is made of. In no order: whoever shows it has its own. Pure. */
import type { Member, OverviewHost, OverviewNetwork } from '../admin/contract/overview.js';
import { isEncrypted } from '../model/plan/underlay.js';
import type { Cluster, Endpoint, Network, Node } from '../model/values/types.js';

/** Digits of an id that people type. */
const SHORT = 12;

export const hostsOf = ({ nodes }: Cluster): readonly OverviewHost[] =>
  [...nodes.values()].map(({ id, address, hostname, alive, mtu, crypt, release }: Node) => ({
    ...{ id, address, name: hostname, alive, mtu, encrypts: crypt !== undefined },
    ...(release === undefined ? {} : { release }),
  }));

export const networksOf = ({ networks }: Cluster): readonly OverviewNetwork[] => [...networks.values()].map(networkOf);

const networkOf = ({ id, announced, outdone, subnets, internal, options, deleting }: Network): OverviewNetwork => ({
  id,
  name: announced?.name ?? outdone ?? '',
  subnets: subnets.map(({ pool, gateway, vni }) => ({ pool, gateway: gateway ?? null, vni })),
  internal,
  encrypted: isEncrypted(options),
  leaving: deleting,
});

export const memberOf = ({ id, container, names, addresses, mac, node }: Endpoint): Member => ({
  ...{ id: id.slice(0, SHORT), container: container.slice(0, SHORT), names, addresses, mac, host: node },
});
