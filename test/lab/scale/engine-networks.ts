/** The networks of the stand-in for an engine: kept as an engine keeps them, made and removed by the plugin's calls. */
import { randomBytes } from 'node:crypto';
import { timed } from '../bench/rounds.js';
import type { Driver } from './driver.js';

export interface IpamConfig {
  readonly Subnet: string;
  readonly Gateway?: string;
}

/** Of `POST /networks/create`, as far as the plugin goes. */
export interface NetworkSpec {
  readonly Name: string;
  readonly Driver: string;
  readonly Options?: Readonly<Record<string, string>>;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly IPAM?: { readonly Options?: Readonly<Record<string, string>>; readonly Config?: readonly IpamConfig[] };
}

export interface StoredNetwork extends NetworkSpec {
  readonly Id: string;
  /** By container, as an engine lists them from Join on. */
  readonly endpoints: Map<string, { readonly Name: string; readonly EndpointID: string }>;
}

const ADDRESS_SPACE = 'tsoverlay';
const GATEWAY = { RequestAddressType: 'com.docker.network.gateway' };

export const newId = (): string => randomBytes(32).toString('hex');

export class EngineNetworks {
  private readonly all = new Map<string, StoredNetwork>();

  constructor(
    private readonly driver: Driver,
    private readonly tell: (action: 'create' | 'destroy', network: StoredNetwork) => void,
  ) {}

  list(): readonly StoredNetwork[] {
    return [...this.all.values()];
  }

  /** By id or name. */
  find(which: string): StoredNetwork | undefined {
    return this.all.get(which) ?? this.list().find((n) => n.Name === which);
  }

  /** Milliseconds that the plugin's calls took. */
  async create(spec: NetworkSpec, id = newId()): Promise<number> {
    let Config: readonly IpamConfig[] = [];
    const ms = await timed(async () => {
      if (spec.Driver === 'tsoverlay') Config = await this.ask(spec, id);
    });
    const network = { ...spec, IPAM: { ...spec.IPAM, Config }, Id: id, endpoints: new Map() };
    this.all.set(id, network);
    this.tell('create', network);
    return ms;
  }

  async remove(network: StoredNetwork): Promise<void> {
    for (const { Subnet, Gateway } of network.IPAM?.Config ?? []) {
      if (Gateway) await this.driver.call('IpamDriver.ReleaseAddress', { PoolID: Subnet, Address: Gateway });
      await this.driver.call('IpamDriver.ReleasePool', { PoolID: Subnet });
    }
    await this.driver.call('NetworkDriver.DeleteNetwork', { NetworkID: network.Id });
    this.all.delete(network.Id);
    this.tell('destroy', network);
  }

  /** The subnets with their gateways. */
  private async ask({ Options = {}, IPAM = {} }: NetworkSpec, id: string): Promise<readonly IpamConfig[]> {
    const data: { readonly AddressSpace: string; readonly Pool: string; readonly Gateway: string }[] = [];
    for (const { Subnet, Gateway = '' } of IPAM.Config ?? []) {
      const pool = { AddressSpace: ADDRESS_SPACE, Pool: Subnet, SubPool: '', Options: IPAM.Options ?? {}, V6: false };
      const { PoolID } = await this.driver.call<{ PoolID: string }>('IpamDriver.RequestPool', pool);
      const wanted = { PoolID, Address: Gateway, Options: GATEWAY };
      const { Address } = await this.driver.call<{ Address: string }>('IpamDriver.RequestAddress', wanted);
      data.push({ AddressSpace: ADDRESS_SPACE, Pool: Subnet, Gateway: Address });
    }
    await this.driver.call('NetworkDriver.CreateNetwork', {
      NetworkID: id,
      Options: { 'com.docker.network.enable_ipv6': false, 'com.docker.network.generic': Options },
      IPv4Data: data,
      IPv6Data: [],
    });
    return data.map(({ Pool, Gateway }) => ({ Subnet: Pool, Gateway: Gateway.replace(/\/.*/, '') }));
  }
}
