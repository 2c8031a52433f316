/** Every method of the plugin protocol: its name, the schema of its request, what it does. */
import type * as z from 'zod';
import type { IpamDriver } from './ipam-driver.js';
import { ADDRESS_SPACE } from './ipam-driver.js';
import type { NetworkDriver } from './network-driver.js';
import * as protocol from './protocol.js';

export interface Caller {
  /** The request's Host header: empty on 20.10, `plugin.moby.localhost` on 26 and later. */
  readonly host: string;
}

export interface Route {
  handle(body: unknown, caller: Caller): Promise<object>;
}

export type Routes = ReadonlyMap<string, Route>;

const route = <S extends z.ZodType>(
  schema: S,
  work: (request: z.output<S>, caller: Caller) => Promise<object> | object,
): Route => ({
  handle: async (body, caller) => work(schema.parse(body), caller),
});

const { nothing } = protocol;
/** Calls that newer or swarm engines make and that have nothing to do here. */
const acknowledged = route(nothing, () => ({}));

export function makeRoutes(network: NetworkDriver, ipam: IpamDriver, scope: 'auto' | 'local' | 'global'): Routes {
  return new Map<string, Route>([
    ['Plugin.Activate', route(nothing, () => ({ Implements: ['NetworkDriver', 'IpamDriver'] }))],

    [
      'NetworkDriver.GetCapabilities',
      route(nothing, (_, caller) => ({ Scope: scopeFor(scope, caller), ConnectivityScope: 'global' })),
    ],
    ['NetworkDriver.CreateNetwork', route(protocol.createNetwork, (r) => network.createNetwork(r))],
    ['NetworkDriver.DeleteNetwork', route(protocol.networkOnly, (r) => network.deleteNetwork(r))],
    ['NetworkDriver.CreateEndpoint', route(protocol.createEndpoint, (r) => network.createEndpoint(r))],
    ['NetworkDriver.DeleteEndpoint', route(protocol.endpointOnly, (r) => network.deleteEndpoint(r))],
    ['NetworkDriver.EndpointOperInfo', route(protocol.endpointOnly, () => ({ Value: {} }))],
    ['NetworkDriver.Join', route(protocol.join, (r) => network.join(r))],
    ['NetworkDriver.Leave', route(protocol.endpointOnly, (r) => network.leave(r))],
    ['NetworkDriver.AllocateNetwork', route(nothing, () => ({ Options: {} }))],
    ['NetworkDriver.FreeNetwork', acknowledged],
    ['NetworkDriver.DiscoverNew', acknowledged],
    ['NetworkDriver.DiscoverDelete', acknowledged],
    ['NetworkDriver.ProgramExternalConnectivity', acknowledged],
    ['NetworkDriver.RevokeExternalConnectivity', acknowledged],

    ['IpamDriver.GetCapabilities', route(nothing, () => ({ RequiresMACAddress: false, RequiresRequestReplay: false }))],
    [
      'IpamDriver.GetDefaultAddressSpaces',
      route(nothing, () => ({ LocalDefaultAddressSpace: ADDRESS_SPACE, GlobalDefaultAddressSpace: ADDRESS_SPACE })),
    ],
    ['IpamDriver.RequestPool', route(protocol.requestPool, (r) => ipam.requestPool(r))],
    ['IpamDriver.ReleasePool', route(protocol.releasePool, (r) => ipam.releasePool(r.PoolID))],
    ['IpamDriver.RequestAddress', route(protocol.requestAddress, (r) => ipam.requestAddress(r))],
    ['IpamDriver.ReleaseAddress', route(protocol.releaseAddress, (r) => ipam.releaseAddress(r.PoolID, r.Address))],
  ]);
}

/** 20.10 refuses a global network outside of swarm only after it was created (design, fact 1). */
const scopeFor = (scope: 'auto' | 'local' | 'global', caller: Caller): 'local' | 'global' =>
  scope === 'auto' ? (caller.host === '' ? 'local' : 'global') : scope;
