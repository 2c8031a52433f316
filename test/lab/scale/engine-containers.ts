/** The containers of the stand-in for an engine: no process, but the calls that an engine makes for one, in its order. */
import { timed } from '../bench/rounds.js';
import type { Driver } from './driver.js';
import { newId, type StoredNetwork } from './engine-networks.js';

export interface Container {
  readonly id: string;
  readonly name: string;
  readonly network: StoredNetwork;
  readonly endpoint: string;
  /** Without its prefix length. */
  readonly address: string;
  readonly mac: string;
  /** Path of its namespace on the host, whether there is one or not. */
  readonly sandbox: string;
}

/** Milliseconds; `joined`: when Join had answered, by performance.now(). */
export interface AttachTimes {
  readonly requestAddress: number;
  readonly createEndpoint: number;
  readonly join: number;
  readonly whole: number;
  readonly joined: number;
}

interface Created {
  readonly Interface: { readonly MacAddress?: string };
}

export const sandboxPath = (id: string): string => `/var/run/docker/netns/${id.slice(0, 12)}`;

const poolOf = (network: StoredNetwork): string => network.IPAM?.Config?.[0]?.Subnet ?? '';

export class EngineContainers {
  private readonly all = new Map<string, Container>();

  constructor(
    private readonly driver: Driver,
    private readonly tell: (action: 'start' | 'die', container: Container) => void,
    /** Does what the engine does between Join and the start: it fetches the container's end of the cable. */
    private readonly fetch: (container: Container) => Promise<void>,
  ) {}

  list(): readonly Container[] {
    return [...this.all.values()];
  }

  get(id: string): Container | undefined {
    return this.all.get(id);
  }

  /** The first call of an attach: an address with its prefix length. */
  async requestAddress(network: StoredNetwork): Promise<string> {
    const request = { PoolID: poolOf(network), Address: '', Options: {} };
    return (await this.driver.call<{ Address: string }>('IpamDriver.RequestAddress', request)).Address;
  }

  /** The last call of a detach. */
  async releaseAddress(network: StoredNetwork, address: string): Promise<void> {
    await this.driver.call('IpamDriver.ReleaseAddress', {
      PoolID: poolOf(network),
      Address: address.replace(/\/.*/, ''),
    });
  }

  /** `docker run`. `id`: of the container, whose sandbox may have been made before. */
  async run(network: StoredNetwork, name: string, id = newId()): Promise<Container & AttachTimes> {
    const endpoint = newId();
    const of = { NetworkID: network.Id, EndpointID: endpoint };
    let [Address, mac] = ['', ''];
    const requestAddress = await timed(async () => {
      Address = await this.requestAddress(network);
    });
    const createEndpoint = await timed(async () => {
      const wanted = { ...of, Options: {}, Interface: { Address, AddressIPv6: '', MacAddress: '' } };
      mac = (await this.driver.call<Created>('NetworkDriver.CreateEndpoint', wanted)).Interface.MacAddress ?? '';
    });
    const address = Address.replace(/\/.*/, '');
    const container = { id, name, network, endpoint, address, mac, sandbox: sandboxPath(id) };
    network.endpoints.set(id, { Name: name, EndpointID: endpoint });
    const join = await timed(() =>
      this.driver.call('NetworkDriver.Join', { ...of, SandboxKey: container.sandbox, Options: {} }),
    );
    const joined = performance.now();
    await this.fetch(container);
    this.all.set(id, container);
    this.tell('start', container);
    return {
      ...container,
      requestAddress,
      createEndpoint,
      join,
      whole: requestAddress + createEndpoint + join,
      joined,
    };
  }

  /** `docker rm -f`: to an engine, too, it has stopped before its network goes. */
  async remove({ id, network, endpoint, address }: Container): Promise<void> {
    const of = { NetworkID: network.Id, EndpointID: endpoint };
    const container = this.all.get(id);
    this.all.delete(id);
    if (container) this.tell('die', container);
    await this.driver.call('NetworkDriver.Leave', of);
    network.endpoints.delete(id);
    await this.driver.call('NetworkDriver.DeleteEndpoint', of);
    await this.releaseAddress(network, address);
  }
}
