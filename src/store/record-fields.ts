/** The shapes of the records' JSON. Unknown fields are dropped, so that a newer release may add some. */
import { z } from 'zod';
import type { Cidr, EndpointId, Ip, Mac, NetworkId, NodeAddress } from '../model/types.js';

const ipText = z.union([z.ipv4(), z.ipv6()]);
const hexId = z.string().regex(/^[0-9a-f]{64}$/, 'is no id of 64 hex digits');

const ip = ipText.transform((text) => text as Ip);
const cidr = z.union([z.cidrv4(), z.cidrv6()]).transform((text) => text as Cidr);
const mac = z
  .string()
  .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, 'is no MAC address in lower-case hex')
  .transform((text) => text as Mac);
const networkId = hexId.transform((text) => text as NetworkId);
const endpointId = hexId.transform((text) => text as EndpointId);
const nodeAddress = ipText.transform((text) => text as NodeAddress);
const mtu = z.int().positive();
/** Milliseconds since 1970. */
const moment = z.number().nonnegative();
const texts = z.record(z.string(), z.string());

export const nodeFields = z.object({
  address: nodeAddress,
  hostname: z.string().min(1),
  mtu,
  routes: z.array(cidr),
  gwbridge: z.array(cidr).exactOptional(),
});

const subnet = z.object({
  pool: cidr,
  range: cidr.exactOptional(),
  gateway: cidr.exactOptional(),
  aux: z.record(z.string(), ip),
  vni: z.int().min(1).max(0xffffff),
});

export const networkFields = z.object({
  id: networkId,
  subnets: z.array(subnet),
  mtu: mtu.exactOptional(),
  internal: z.boolean(),
  ipv6: z.boolean(),
  options: texts,
  ipam: z.enum(['cluster', 'engine']),
  creator: nodeAddress,
  announced: z.object({ name: z.string(), labels: texts, attachable: z.boolean() }).exactOptional(),
  deleting: z.boolean(),
});

export const endpointFields = z.object({
  id: endpointId,
  network: networkId,
  node: nodeAddress,
  addresses: z.array(cidr),
  mac,
  names: z.array(z.string()),
  container: z.string(),
  sandbox: z.string(),
  created: moment,
});

export const leaseFields = z.object({
  pool: cidr,
  address: ip,
  node: nodeAddress,
  kind: z.enum(['gateway', 'aux', 'endpoint']),
  endpoint: endpointId.exactOptional(),
  created: moment,
});

export const poolFields = z.object({
  cidr,
  range: cidr.exactOptional(),
  node: nodeAddress,
  network: networkId.exactOptional(),
  created: moment,
});
