/** The IpamDriver's verbs. A pool's id is its CIDR: stable, and the same on every host. */
import { UserError } from '../errors.js';
import { covers, isUnspecified, networkOf, parseIp } from '../model/values/address.js';
import { DRIVER } from '../model/values/names.js';
import { sourcesOf } from '../model/values/pool-source.js';
import type { PoolSource } from '../model/values/settings.js';
import type { Cidr, NetworkId } from '../model/values/types.js';
import type { Underway } from '../registry/changes/underway.js';
import type { Ipam } from '../registry/ipam/ipam.js';
import type { Pools } from '../registry/ipam/pools.js';
import type { Networks } from '../registry/networks/networks.js';
import { anyOfSize, readPoolOptions } from './pool-options.js';
import type { RequestAddressRequest, RequestPoolRequest } from './protocol.js';

/** One space for both, so that newer engines skip their own overlap check (design, fact 9). */
export const ADDRESS_SPACE = DRIVER;

const REQUEST_TYPE = 'RequestAddressType';
const GATEWAY = 'com.docker.network.gateway';

export interface IpamDriverParts {
  /** Where pools that nobody named come from. */
  readonly defaultPools: readonly PoolSource[];
  readonly pools: Pick<Pools, 'claim' | 'claimAny' | 'release'>;
  readonly ipam: Pick<Ipam, 'release' | 'requestAddress' | 'requestGateway'>;
  readonly networks: Pick<Networks, 'standing'>;
  readonly underway: Pick<Underway, 'mirroredWith'>;
}

export class IpamDriver {
  constructor(private readonly parts: IpamDriverParts) {}

  async requestPool(request: RequestPoolRequest): Promise<object> {
    const mirrorOf = this.parts.underway.mirroredWith(request.Pool);
    if (mirrorOf !== undefined) return this.poolOfMirror(mirrorOf, request);
    const defaults = sourcesOf(this.parts.defaultPools, request.V6 ? 6 : 4);
    const sources = anyOfSize(request, defaults) ?? readPoolOptions(request.Options, request.Pool, defaults);
    if (request.Pool === '' || isUnspecified(request.Pool)) return answer(await this.parts.pools.claimAny(sources));
    const pool = networkOf(request.Pool);
    const range = request.SubPool === '' ? undefined : networkOf(request.SubPool);
    if (range !== undefined && !covers(pool, range))
      throw new UserError(`--ip-range ${range} does not lie in --subnet ${pool}`);
    await this.parts.pools.claim(pool, range);
    return answer(pool);
  }

  async releasePool(pool: Cidr): Promise<object> {
    await this.parts.pools.release(pool);
    return {};
  }

  async requestAddress({ PoolID, Address, Options }: RequestAddressRequest): Promise<object> {
    const gateway = Options[REQUEST_TYPE] === GATEWAY;
    const address = gateway
      ? await this.parts.ipam.requestGateway(PoolID, Address)
      : await this.parts.ipam.requestAddress(PoolID, Address);
    return { Address: address, Data: {} };
  }

  async releaseAddress(pool: Cidr, address: string): Promise<object> {
    await this.parts.ipam.release(pool, parseIp(address));
    return {};
  }

  /** A mirror takes up the pool that its network holds already. */
  private async poolOfMirror(id: NetworkId, request: RequestPoolRequest): Promise<object> {
    const network = await this.parts.networks.standing(id, 'view');
    const subnet = network.subnets.find((s) => s.pool === request.Pool);
    if (subnet === undefined)
      throw new UserError(`subnet ${request.Pool} is not one of network ${network.announced?.name ?? id}`);
    return answer(subnet.pool);
  }
}

const answer = (pool: Cidr) => ({ PoolID: pool, Pool: pool, Data: {} });
