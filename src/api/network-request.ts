/** What a `docker network create` asks for, checked. */

import { UserError } from '../errors.js';
import { isEncrypted } from '../model/plan/underlay.js';
import { hasUplink } from '../model/uplink/uplink.js';
import { inPool, ipOf, networkOf, parseIp } from '../model/values/address.js';
import { clusterIdOfOwn, OPTION_GATEWAY } from '../model/values/names.js';
import { MOST } from '../model/values/shapes.js';
import type { Cidr, Ip } from '../model/values/types.js';
import type { NewNetwork } from '../registry/networks/creation.js';
import type { Antispoof } from './antispoof.js';
import type { Encryption } from './encryption.js';
import { ADDRESS_SPACE } from './ipam-driver.js';
import { checkMtu, type NetworkOptions } from './network-options.js';
import type { CreateNetworkRequest, IpamData } from './protocol.js';

const INTERNAL = 'com.docker.network.internal';
const ENABLE_IPV6 = 'com.docker.network.enable_ipv6';
/** What the engine's `null` IPAM driver says. */
const NO_SUBNET = '0.0.0.0/0';

/** What the host adds to a user's wish. */
export interface HostRules {
  readonly antispoof: Pick<Antispoof, 'resolve'>;
  readonly encryption: Pick<Encryption, 'resolve'>;
}

/** Throws a UserError for what can be no network of ours. */
export function wantedNetwork(
  request: CreateNetworkRequest,
  options: NetworkOptions,
  { antispoof, encryption }: HostRules,
): NewNetwork {
  const data = [...request.IPv4Data, ...request.IPv6Data];
  if (data.length === 0) throw new UserError('a tsoverlay network needs a subnet');
  if (data.length > MOST.subnets)
    throw new UserError(`a network has at most ${MOST.subnets} subnets, not ${data.length}`);
  const crowded = data.find((d) => Object.keys(d.AuxAddresses).length > MOST.aux);
  if (crowded !== undefined)
    throw new UserError(`subnet ${crowded.Pool} has more than ${MOST.aux} auxiliary addresses; name fewer`);
  if (data.some((d) => d.Pool === NO_SUBNET))
    throw new UserError(
      'a tsoverlay network needs a subnet, and --ipam-driver null gives none; take --ipam-driver tsoverlay',
    );
  const isInternal = request.Options[INTERNAL] === true;
  checkWayOut(options.repeated, isInternal, request.IPv4Data);
  const pairs = encryption.resolve(antispoof.resolve(options.repeated));
  checkMtu(options.mtu, { ipv6: request.IPv6Data.length > 0, encryption: isEncrypted(pairs) });
  return {
    id: clusterIdOfOwn(request.NetworkID),
    subnets: data.map(subnetOf),
    vnis: options.vnis,
    options: pairs,
    internal: isInternal,
    ipv6: request.Options[ENABLE_IPV6] === true,
    ipam: data.every((d) => d.AddressSpace === ADDRESS_SPACE) ? 'cluster' : 'engine',
    ...(options.mtu === undefined ? {} : { mtu: options.mtu }),
  };
}

function checkWayOut(options: Readonly<Record<string, string>>, isInternal: boolean, data: readonly IpamData[]): void {
  if (!hasUplink({ options })) return;
  if (isInternal)
    throw new UserError(
      `option ${OPTION_GATEWAY}=overlay is a way out, and an internal network has none; leave one out`,
    );
  const without = data.find(({ Gateway }) => Gateway === undefined);
  if (data.length === 0 || without !== undefined)
    throw new UserError(
      `option ${OPTION_GATEWAY}=overlay needs a gateway, and ${without === undefined ? 'there is no IPv4 subnet' : `subnet ${without.Pool} has none`}; name one, or leave the option out`,
    );
}

function subnetOf(data: IpamData) {
  const aux = Object.fromEntries(
    Object.entries(data.AuxAddresses).map(([name, address]): [string, Ip] => [
      name,
      parseIp(address.replace(/\/.*/, '')),
    ]),
  );
  return {
    pool: networkOf(data.Pool),
    aux,
    ...(data.Gateway === undefined ? {} : { gateway: hostCidr(data.Gateway) }),
  };
}

/** In our spelling, whatever the engine's is. */
export const hostCidr = (cidr: string): Cidr => inPool(ipOf(cidr), cidr);
