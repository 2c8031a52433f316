/** Networks of other drivers, as the engine tells of them. */
import type { NamedNetwork } from '../model/ports/engine-port.js';
import { cidrOf, isIp } from '../model/values/address.js';
import { isOurDriver } from '../model/values/names.js';
import type { Cidr, EndpointId, EngineNetworkId } from '../model/values/types.js';

/** What the engine's list tells of a network. */
interface ListedNetwork {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly Internal: boolean;
}

/** What the engine's list tells of a container. */
interface ListedContainer {
  readonly Id: string;
  readonly NetworkSettings?: {
    readonly Networks?: Readonly<Record<string, { readonly NetworkID: string; readonly EndpointID: string }>>;
  };
}

/** What container inspect tells of one network. */
interface NetworkSettings {
  readonly IPAddress?: string;
  readonly IPPrefixLen?: number;
  readonly GlobalIPv6Address?: string;
  readonly GlobalIPv6PrefixLen?: number;
  readonly Gateway?: string;
  readonly IPv6Gateway?: string;
}

/** These two, and the network `bridge`, know no names. */
const NAMELESS_DRIVERS = new Set(['host', 'null']);
const DEFAULT_BRIDGE = 'bridge';

/** Those of a swarm have names of other hosts and of services, too, of which only the engine's resolver knows. */
export const namedNetworks = (list: readonly ListedNetwork[]): ReadonlyMap<EngineNetworkId, NamedNetwork> =>
  new Map(
    list
      .filter(({ Driver, Scope }) => !isOurDriver(Driver) && !NAMELESS_DRIVERS.has(Driver) && Scope !== 'swarm')
      .filter(({ Name }) => Name !== DEFAULT_BRIDGE)
      .map(({ Id, Name, Internal }) => [Id as EngineNetworkId, { name: Name, internal: Internal === true }]),
  );

export const placesOf = (
  list: readonly ListedContainer[],
): ReadonlyMap<string, ReadonlyMap<EngineNetworkId, EndpointId>> =>
  new Map(
    list.map(({ Id, NetworkSettings }) => [
      Id,
      new Map(
        Object.values(NetworkSettings?.Networks ?? {}).map((n) => [
          n.NetworkID as EngineNetworkId,
          n.EndpointID as EndpointId,
        ]),
      ),
    ]),
  );

/** IPv4 first. */
export const addressesOf = (settings: NetworkSettings): readonly Cidr[] =>
  [
    { address: settings.IPAddress ?? '', length: settings.IPPrefixLen ?? 32 },
    { address: settings.GlobalIPv6Address ?? '', length: settings.GlobalIPv6PrefixLen ?? 128 },
  ].flatMap(({ address, length }) => (isIp(address) ? [cidrOf(address, length)] : []));

/** Engines write `<nil>` for none, too. */
export const gatewaysOf = ({ Gateway = '', IPv6Gateway = '' }: NetworkSettings): number =>
  [Gateway, IPv6Gateway].filter(isIp).length;
