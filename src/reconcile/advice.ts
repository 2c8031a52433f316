/** Tells of what is wrong with the cluster's make-up, and of what it cuts off. */
import type { Logger } from 'pino';
import { familyOf } from '../model/address.js';
import { beyondVxlan, underlayInside } from '../model/plan.js';
import type { Cluster, Network, NodeAddress } from '../model/types.js';
import { wayOutInside } from '../model/way-out.js';

export class Advice {
  private told: ReadonlySet<string> = new Set();

  constructor(
    private readonly self: NodeAddress,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  /** One line for each, once while it is so. */
  look(cluster: Cluster): void {
    const sentences = [...strangers(cluster, this.self), ...hiddenHosts(cluster), ...blockedWaysOut(cluster)];
    for (const sentence of sentences) if (!this.told.has(sentence)) this.log.warn(sentence);
    this.told = new Set(sentences);
  }
}

/** No VXLAN device sends to both families. */
const strangers = ({ nodes }: Cluster, self: NodeAddress): readonly string[] =>
  beyondVxlan(nodes.values(), self).map(
    ({ address, hostname }) =>
      `host ${hostname} advertises ${address} and this host ${self}: containers of the two cannot reach each other; set CLUSTER_ADVERTISE to addresses of one family on all hosts`,
  );

/** The engine's own IPAM chose their subnet without a look at the LAN (see Pools). */
const hiddenHosts = ({ networks, nodes }: Cluster): readonly string[] =>
  [...networks.values()].flatMap((network) =>
    network.subnets.flatMap(({ pool }) => {
      const host = familyOf(pool) === 4 ? underlayInside(pool, nodes.values()) : undefined;
      if (host === undefined) return [];
      return `network ${nameOf(network)} has subnet ${pool}, in which host ${host.hostname} has its address ${host.address}: its containers do not reach that LAN, nor it their published ports; make networks with --ipam-driver tsoverlay, or name another --subnet`;
    }),
  );

/** A host that came after the network; creating it the other way round is refused (see Networks). */
const blockedWaysOut = ({ networks, nodes }: Cluster): readonly string[] =>
  [...networks.values()]
    .filter((network) => !network.internal)
    .flatMap((network) => {
      const found = wayOutInside(
        network.subnets.map((s) => s.pool),
        nodes.values(),
      );
      if (found === undefined) return [];
      const { pool, node, gwbridge } = found;
      return `network ${nameOf(network)} has subnet ${pool}, which overlaps ${gwbridge} of docker_gwbridge on host ${node.hostname}: no container can join it there; remove that docker_gwbridge, and tsoverlay makes another`;
    });

const nameOf = ({ id, announced }: Network): string => announced?.name ?? id.slice(0, 12);
