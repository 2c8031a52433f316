/** The request that makes another host's network appear on this engine. */
import type Docker from 'dockerode';
import { familyOf, ipOf } from '../model/values/address.js';
import { DRIVER, OPTION_MIRROR } from '../model/values/names.js';
import type { Network } from '../model/values/types.js';

/**
 * Compose refuses a network without its labels, and remakes one whose hash of the file is not its own: the hash stays
 * on the host that set it, for without one Compose takes the network as it is.
 */
const isHarmless = (label: string): boolean => label !== 'com.docker.compose.config-hash';

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
    // Only where needed: engines before 27.4 do not know it.
    ...(network.subnets.some((s) => familyOf(s.pool) === 4) ? {} : { EnableIPv4: false }),
    Options: { ...network.options, [OPTION_MIRROR]: network.id },
    Labels: Object.fromEntries(Object.entries(announced.labels).filter(([label]) => isHarmless(label))),
    IPAM: {
      Driver: DRIVER,
      // As typed and nothing else: tools that compare it with their own wish would make the network anew.
      ...(announced.ipamOptions === undefined ? {} : { Options: { ...announced.ipamOptions } }),
      Config: network.subnets.map((subnet) => ({
        Subnet: subnet.pool,
        ...(subnet.range === undefined ? {} : { IPRange: subnet.range }),
        ...(subnet.gateway === undefined ? {} : { Gateway: ipOf(subnet.gateway) }),
        ...(Object.keys(subnet.aux).length === 0 ? {} : { AuxiliaryAddresses: { ...subnet.aux } }),
      })),
    },
  } as Docker.NetworkCreateOptions;
}
