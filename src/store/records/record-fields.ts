/**
 * The shapes of the records' JSON, exactly as we write them. Unknown fields are dropped, so that a newer release may
 * add some.
 */
import * as z from 'zod';
import { contains, covers, familyOf, networkOf, overlaps } from '../../model/values/address.js';
import { containsAll, isCanonicalIp } from '../../model/values/canonical.js';
import {
  isEndpointName,
  isHostname,
  isLabel,
  isNetworkName,
  isRelease,
  MOST,
  NETWORK_MTU_RANGE,
} from '../../model/values/shapes.js';
import type { Ip, Subnet } from '../../model/values/types.js';
import {
  containerId,
  endpointId,
  fingerprint,
  hostCidr,
  ip,
  linkLocalIp,
  list,
  mac,
  machine,
  moment,
  mtu,
  network,
  networkId,
  nodeAddress,
  nodeId,
  pairs,
  pool,
  publicKey,
  reads,
  refusal,
  text,
  udpPort,
  vni,
} from './fields.js';

/** `vtep` is said again, for people and for a release in which it is another address than the key's. */
export const nodeFields = z
  .object({
    id: nodeId,
    address: nodeAddress,
    vtep: nodeAddress,
    hostname: text(isHostname, 'is no name of a host'),
    mtu,
    routes: list(network, 0, MOST.routes),
    gwbridge: list(network, 0, MOST.gwbridge).exactOptional(),
    machine,
    boot: fingerprint,
    reads,
    release: text(isRelease, 'is no release').exactOptional(),
    crypt: z
      .object({
        endpoint: nodeAddress.exactOptional(),
        keys: list(z.object({ key: publicKey, port: udpPort }), 1, MOST.keys),
      })
      .exactOptional(),
  })
  .refine((node) => node.vtep === node.address, { ...refusal("is not its key's"), path: ['vtep'] });

const subnet = z
  .object({
    pool,
    range: network.exactOptional(),
    gateway: hostCidr.exactOptional(),
    aux: pairs<Ip>(MOST.aux, (name, address) => isLabel(name, '') && isCanonicalIp(address)),
    vni,
  })
  .refine((s) => s.range === undefined || covers(s.pool, s.range), refusal('has a range outside of it'))
  .refine((s) => s.gateway === undefined || networkOf(s.gateway) === s.pool, refusal('has a gateway outside of it'))
  .refine((s) => containsAll(s.pool, Object.values(s.aux)), refusal('has auxiliary addresses outside of it'));

/** An IPv6 subnet shares the VNI of an IPv4 one (see `chooseVnis`); no two others share one. */
function isVniShared(subnets: readonly Pick<Subnet, 'pool' | 'vni'>[]): boolean {
  const of = (family: number) => subnets.filter((s) => familyOf(s.pool) === family).map((s) => s.vni);
  const v4 = new Set(of(4));
  const others = of(6).filter((v) => !v4.has(v));
  return v4.size < of(4).length || new Set(others).size < others.length;
}

const doOverlap = (subnets: readonly Pick<Subnet, 'pool'>[]): boolean =>
  subnets.some((a, i) => subnets.slice(0, i).some((b) => overlaps(a.pool, b.pool)));

export const networkFields = z.object({
  id: networkId,
  subnets: list(subnet, 1, MOST.subnets)
    .refine((all) => !isVniShared(all), refusal('have a VXLAN id twice'))
    .refine((all) => !doOverlap(all), refusal('overlap')),
  mtu: mtu.min(NETWORK_MTU_RANGE.min).exactOptional(),
  internal: z.boolean(),
  ipv6: z.boolean(),
  options: pairs(MOST.options, isLabel),
  ipam: z.enum(['cluster', 'engine']),
  creator: nodeId,
  announced: z
    .object({
      name: text(isNetworkName, 'is no name that a network can have in the cluster'),
      labels: pairs(MOST.labels, isLabel),
      attachable: z.boolean(),
      ipamOptions: pairs(MOST.options, isLabel).exactOptional(),
    })
    .exactOptional(),
  outdone: text(isNetworkName, 'is no name that a network can have in the cluster').exactOptional(),
  deleting: z.boolean(),
});

export const endpointFields = z.object({
  id: endpointId,
  network: networkId,
  node: nodeId,
  addresses: list(hostCidr, 1, 2).refine(
    ([a, b]) => b === undefined || familyOf(a ?? '') !== familyOf(b),
    refusal('are two of one family'),
  ),
  mac,
  linkLocal: list(linkLocalIp, 1, MOST.linkLocal).exactOptional(),
  names: list(text(isEndpointName, 'is no name that DNS can carry'), 0, MOST.names),
  container: containerId,
  created: moment,
});

export const leaseFields = z
  .object({
    pool,
    address: ip,
    node: nodeId,
    kind: z.enum(['gateway', 'aux', 'endpoint']),
    endpoint: endpointId.exactOptional(),
    created: moment,
  })
  .refine((lease) => contains(lease.pool, lease.address), refusal('has an address outside of its pool'));

export const poolFields = z
  .object({
    cidr: pool,
    range: network.exactOptional(),
    node: nodeId,
    network: networkId.exactOptional(),
    created: moment,
  })
  .refine((p) => p.range === undefined || covers(p.cidr, p.range), refusal('has a range outside of it'));
