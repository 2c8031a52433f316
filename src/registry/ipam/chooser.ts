/** Which address a request gets, and what is to be committed for it: the wanted one, or the first that is free. */
import { UserError } from '../../errors.js';
import type { Op } from '../../model/ports/ports.js';
import { contains, isHostAddress } from '../../model/values/address.js';
import { keys } from '../../model/values/names.js';
import type { Ip, Lease, NodeId } from '../../model/values/types.js';
import { formatLease } from '../../store/records/records.js';
import type { LocalEndpoints } from '../local/local-endpoints.js';
import type { AddressCooldown } from './address-cooldown.js';
import type { Contention } from './contention.js';
import type { FreeAddresses } from './free-addresses.js';
import type { IssuedLeases } from './issued-leases.js';
import type { Leases } from './leases.js';
import type { PoolRef } from './pool-ref.js';

/** An address to try, and what has to be committed for it: the lease first, then what must hold, or is to change, besides. */
export interface Choice {
  readonly pool: PoolRef;
  readonly ip: Ip;
  readonly ops: readonly Op[];
}

export interface ChooserParts {
  readonly self: NodeId;
  readonly leases: Leases;
  readonly local: Pick<LocalEndpoints, 'isLive'>;
  readonly cooldown: Pick<AddressCooldown, 'endOp' | 'restedOp'>;
  readonly contention: Pick<Contention, 'choose'>;
  readonly free: Pick<FreeAddresses, 'pick' | 'siblings'>;
  readonly issued: Pick<IssuedLeases, 'isAbandoned' | 'isOfThisProcess'>;
}

export class Chooser {
  constructor(private readonly parts: ChooserParts) {}

  private value(pool: PoolRef, ip: Ip, kind: Lease['kind']): string {
    return formatLease({ pool: pool.cidr, address: ip, node: this.parts.self, kind, created: Date.now() });
  }

  /** A try whose answer was lost, if it went through: the address is ours already. */
  async takeBack({ pool, ip, ops: [op, ...more] }: Choice): Promise<Choice | undefined> {
    const held = await this.parts.leases.find(pool.cidr, ip);
    if (held === undefined || op === undefined || !('value' in op) || formatLease(held) !== op.value) return undefined;
    const { key } = op;
    return {
      pool,
      ip,
      ops: [{ verb: 'update', key, value: this.value(pool, ip, held.kind), index: held.index }, ...more],
    };
  }

  /** A wanted address is free, or held by an endpoint of this host that a power loss took away. */
  async take(pool: PoolRef, ip: Ip, kind: Lease['kind']): Promise<Choice> {
    if (!contains(pool.cidr, ip))
      throw new UserError(`address ${ip} lies outside of the subnet ${pool.cidr}; choose one inside`);
    if (!isHostAddress(pool.cidr, ip))
      throw new UserError(`address ${ip} stands for the whole subnet ${pool.cidr}; choose one for a single host`);
    const key = keys.lease(pool.cidr, ip);
    const value = this.value(pool, ip, kind);
    const held = await this.parts.leases.findReadable(pool.cidr, ip);
    const end = this.parts.cooldown.endOp(pool.cidr, ip);
    if (held === undefined) return { pool, ip, ops: [{ verb: 'create', key, value }, end] };
    if (this.isLeftOver(held)) return { pool, ip, ops: [{ verb: 'update', key, value, index: held.index }, end] };
    const cure = held.kind === 'endpoint' ? ' or remove that container' : '';
    throw new UserError(`address ${ip} is already ${await this.parts.leases.describe(held)}; choose another${cure}`);
  }

  /** The first free address of the pool, or of another subnet of its network: the engine itself never asks there. */
  async chooseFree(pool: PoolRef, kind: Lease['kind']): Promise<Choice> {
    const siblings = kind === 'endpoint' ? this.parts.free.siblings(pool) : [];
    for (const candidate of [pool, ...siblings]) {
      const { cidr } = candidate;
      const found = await this.parts.free.pick(candidate, this.parts.contention.choose(cidr));
      if (found === undefined) continue;
      const { ip, rested } = found;
      const op: Op = { verb: 'create', key: keys.lease(cidr, ip), value: this.value(candidate, ip, kind) };
      return {
        pool: candidate,
        ip,
        ops: [op, rested ? this.parts.cooldown.restedOp(cidr, ip) : this.parts.cooldown.endOp(cidr, ip)],
      };
    }
    const full = [pool, ...siblings].map((p) => p.range ?? p.cidr).join(' and ');
    throw new UserError(`no address is free in ${full}; remove containers, or make the network with a larger --subnet`);
  }

  /** Ours, and serving nothing that lives: what a power loss or a crash left behind. */
  private isLeftOver(lease: Lease): boolean {
    if (lease.node !== this.parts.self || lease.kind !== 'endpoint') return false;
    if (lease.endpoint !== undefined) return !this.parts.local.isLive(lease.endpoint);
    return !this.parts.issued.isOfThisProcess(lease) || this.parts.issued.isAbandoned(lease);
  }
}
