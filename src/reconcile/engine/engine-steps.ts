/** What the local engine lacks or has too much, compared with the cluster. Pure. */

import type { EngineNetwork } from '../../model/ports/engine-port.js';
import { clusterIdOfOwn } from '../../model/values/names.js';
import type { Announcement, Cluster, EngineNetworkId, Network, NetworkId, NodeId } from '../../model/values/types.js';

export type EngineStep =
  /** The engine has stored a network of ours: now its name and labels can be published. */
  | {
      readonly kind: 'announce';
      readonly id: NetworkId;
      readonly announcement: Announcement;
      readonly ranges: EngineNetwork['ranges'];
    }
  | { readonly kind: 'createMirror'; readonly network: Network }
  | { readonly kind: 'removeNetwork'; readonly id: EngineNetworkId; readonly name: string }
  /** A removal that a crash cut in two, or a network that this host began and its engine never stored. */
  | { readonly kind: 'finishRemoval'; readonly id: NetworkId };

export const clusterIdOf = (network: EngineNetwork): NetworkId => network.mirrorOf ?? clusterIdOfOwn(network.id);

export function engineSteps(cluster: Cluster, self: NodeId, networks: readonly EngineNetwork[]): readonly EngineStep[] {
  const here = new Set(networks.map(clusterIdOf));
  // Of two networks of one name an engine takes one: this one's announcement finds out whose the name is.
  const pending = new Set(networks.flatMap((n) => (isToAnnounce(cluster, n) ? [n.name] : [])));
  return [
    ...networks.flatMap((network) => ownSteps(cluster, network)),
    ...[...cluster.networks.values()].flatMap((network): EngineStep[] => {
      if (network.deleting) return [{ kind: 'finishRemoval', id: network.id }];
      if (here.has(network.id)) return [];
      if (network.announced !== undefined)
        return pending.has(network.announced.name) ? [] : [{ kind: 'createMirror', network }];
      return network.creator === self ? [{ kind: 'finishRemoval', id: network.id }] : [];
    }),
  ];
}

/** Made on this host, and not announced yet. */
const isToAnnounce = (cluster: Cluster, network: EngineNetwork): boolean => {
  const record = cluster.networks.get(clusterIdOf(network));
  return record !== undefined && record.announced === undefined && network.mirrorOf === undefined;
};

function ownSteps(cluster: Cluster, network: EngineNetwork): readonly EngineStep[] {
  const record = cluster.networks.get(clusterIdOf(network));
  // Its record is there, only not to be read: nobody has removed it.
  if (cluster.unreadable.has(clusterIdOf(network))) return [];
  if (record === undefined) return [{ kind: 'removeNetwork', id: network.id, name: network.name }];
  if (!isToAnnounce(cluster, network)) return [];
  const { name, labels, attachable, ipamOptions, ranges } = network;
  const announcement = { name, labels, attachable, ...(ipamOptions === undefined ? {} : { ipamOptions }) };
  return [{ kind: 'announce', id: record.id, announcement, ranges }];
}
