/** The request that makes another host's network appear on this engine. */
import type Docker from 'dockerode';
import { ipOf } from '../model/address.js';
import { DRIVER, OPTION_MIRROR } from '../model/names.js';
import type { Network } from '../model/types.js';

/** Compose takes a network with its labels for its own, and may remake it: they stay on the host that set them. */
const isHarmless = (label: string): boolean => !label.startsWith('com.docker.compose.');

/** The body of `POST /networks/create`. Only an announced network can be mirrored. */
export function mirrorSpec(network: Network): Docker.NetworkCreateOptions {
  const { announced } = network;
  if (announced === undefined) throw new Error(`network ${network.id} has no name yet`);
  return {
    Name: announced.name,
    // Engines before 25 know duplicate names; they refuse them only when asked to.
    CheckDuplicate: true,
    Driver: DRIVER,
    Internal: network.internal,
    Attachable: announced.attachable,
    EnableIPv6: network.ipv6,
    Options: { ...network.options, [OPTION_MIRROR]: network.id },
    Labels: Object.fromEntries(Object.entries(announced.labels).filter(([label]) => isHarmless(label))),
    IPAM: {
      Driver: DRIVER,
      Options: { [OPTION_MIRROR]: network.id },
      Config: network.subnets.map((subnet) => ({
        Subnet: subnet.pool,
        ...(subnet.range === undefined ? {} : { IPRange: subnet.range }),
        ...(subnet.gateway === undefined ? {} : { Gateway: ipOf(subnet.gateway) }),
        ...(Object.keys(subnet.aux).length === 0 ? {} : { AuxiliaryAddresses: { ...subnet.aux } }),
      })),
    },
  } as Docker.NetworkCreateOptions;
}
