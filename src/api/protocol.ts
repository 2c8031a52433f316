/**
 * The requests of both drivers, parsed once. Field names as the engine sends them (moby
 * `libnetwork/drivers/remote/api` and `libnetwork/ipams/remote/api`); unknown fields are ignored.
 */
import * as z from 'zod';
import type { Cidr, EndpointId, EngineNetworkId, Mac } from '../model/values/types.js';

const branded = <T extends string>() => z.string().transform((text) => text as T);
const id = <T extends string>() =>
  z
    .string()
    .min(1)
    .transform((text) => text as T);
/** Go sends null for an empty map or slice. */
export const dictionary = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((value) => value ?? {});
const strings = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});

const ipamData = z.object({
  AddressSpace: z.string().default(''),
  Pool: branded<Cidr>(),
  Gateway: branded<Cidr>().optional(),
  AuxAddresses: strings,
});
const ipamList = z
  .array(ipamData)
  .nullish()
  .transform((value) => value ?? []);

const networkOnly = z.object({ NetworkID: id<EngineNetworkId>() });
const endpointOnly = networkOnly.extend({ EndpointID: id<EndpointId>() });

export const createNetwork = networkOnly.extend({ Options: dictionary, IPv4Data: ipamList, IPv6Data: ipamList });
export const createEndpoint = endpointOnly.extend({
  Options: dictionary,
  Interface: z
    .object({
      Address: z.string().default(''),
      AddressIPv6: z.string().default(''),
      MacAddress: branded<Mac>().default('' as Mac),
    })
    .nullish()
    .transform((value) => value ?? { Address: '', AddressIPv6: '', MacAddress: '' as Mac }),
});
export const join = endpointOnly.extend({ SandboxKey: z.string(), Options: dictionary });
export const requestPool = z.object({
  AddressSpace: z.string(),
  Pool: z.string().default(''),
  SubPool: z.string().default(''),
  Options: strings,
  V6: z.boolean().default(false),
});
export const requestAddress = z.object({ PoolID: id<Cidr>(), Address: z.string().default(''), Options: strings });
export const releaseAddress = z.object({ PoolID: id<Cidr>(), Address: z.string() });
export const releasePool = z.object({ PoolID: id<Cidr>() });
/** Calls without a body, and those whose body we have no use for. */
export const nothing = z.unknown().transform(() => undefined);
export { endpointOnly, networkOnly };

export type CreateNetworkRequest = z.output<typeof createNetwork>;
export type CreateEndpointRequest = z.output<typeof createEndpoint>;
export type JoinRequest = z.output<typeof join>;
export type EndpointRequest = z.output<typeof endpointOnly>;
export type NetworkRequest = z.output<typeof networkOnly>;
export type IpamData = z.output<typeof ipamData>;
export type RequestPoolRequest = z.output<typeof requestPool>;
export type RequestAddressRequest = z.output<typeof requestAddress>;
