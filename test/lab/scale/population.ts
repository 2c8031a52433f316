/** Hosts, endpoints and networks that are records alone, exactly as hosts would have written them. */
import { createHash, randomBytes } from 'node:crypto';
import type { Op } from '../../../src/model/ports/ports.js';
import { keys } from '../../../src/model/values/names.js';
import type { Cidr, EndpointId, Ip, Mac, NetworkId, NodeAddress, NodeId } from '../../../src/model/values/types.js';
import { following, formatHead, newRevision } from '../../../src/store/records/heads.js';
import { RECORD_VERSION } from '../../../src/store/records/record-version.js';
import {
  formatEndpoint,
  formatLease,
  formatNetwork,
  formatNode,
  formatPool,
} from '../../../src/store/records/records.js';
import type { Container } from './engine-containers.js';
import { newId } from './engine-networks.js';
import type { Store } from './store.js';

const fingerprint = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);
const ipv4 = (n: number): string => [24, 16, 8, 0].map((bits) => (n >>> bits) & 255).join('.');
const number = (ip: string): number => ip.split('.').reduce((n, part) => n * 256 + Number(part), 0);

/** Endpoints in one transaction of 64 operations, beside the head's two and the mark. */
const AT_ONCE = 30;

export class Population {
  private readonly owners: readonly NodeId[];
  private endpoints = 0;

  constructor(
    private readonly store: Store,
    hosts: number,
  ) {
    this.owners = Array.from({ length: hosts }, () => randomBytes(8).toString('hex') as NodeId);
  }

  get size(): number {
    return this.endpoints;
  }

  /** Their node records, held by one session for all of them. */
  async register(): Promise<void> {
    const nodes = this.owners.map((id, i): [string, string] => {
      const address = `10.1.${Math.floor(i / 250)}.${(i % 250) + 1}` as NodeAddress;
      const machine = { os: fingerprint(`os ${id}`), board: fingerprint(`board ${id}`) };
      const rest = {
        hostname: `record${i + 1}`,
        mtu: 1500,
        routes: ['10.1.0.0/16' as Cidr],
        machine,
        reads: RECORD_VERSION,
      };
      return [keys.node(address), formatNode({ id, address, ...rest, boot: fingerprint(`boot ${id}`) })];
    });
    if (nodes.length > 0) await this.store.hold(new Map(nodes));
  }

  /**
   * Grows to so many endpoints in a network, spread evenly over the hosts, on the lowest addresses that are not `taken`.
   * The last one, if there is a new one.
   */
  async grow(
    network: NetworkId,
    pool: Cidr,
    size: number,
    taken: ReadonlySet<string>,
  ): Promise<Pick<Container, 'name' | 'address'> | undefined> {
    const addresses = this.free(pool, taken);
    const shares = new Map<NodeId, EndpointId[]>();
    const ops = new Map<EndpointId, readonly Op[]>();
    let last: Pick<Container, 'name' | 'address'> | undefined;
    for (; this.endpoints < size; this.endpoints++) {
      const node = this.owners[this.endpoints % this.owners.length];
      if (node === undefined) throw new Error('no host that is a record');
      const id = newId() as EndpointId;
      const ip = addresses.next().value;
      last = { name: `record-${this.endpoints}`, address: ip };
      ops.set(id, endpointOps(network, node, id, ip, pool, last.name));
      shares.set(node, [...(shares.get(node) ?? []), id]);
    }
    for (const [node, ids] of shares)
      for (let i = 0; i < ids.length; i += AT_ONCE) {
        const some = ids.slice(i, i + AT_ONCE);
        await this.store.commit([...some.flatMap((id) => ops.get(id) ?? []), ...headOps(network, node, some)]);
      }
    return last;
  }

  /** Networks that the first of these hosts has made, with subnets of /24 from `base` on and VXLAN ids from `vni` on. */
  async makeNetworks(count: number, base: string, vni: number): Promise<void> {
    const creator = this.owners[0];
    if (creator === undefined) throw new Error('no host that is a record');
    const all = Array.from({ length: count }, (_, i) =>
      networkOps(creator, number(base) + i * 256, vni + i, `net${i}`),
    );
    for (let i = 0; i < all.length; i += 12) await this.store.commit(all.slice(i, i + 12).flat());
  }

  private *free(pool: Cidr, taken: ReadonlySet<string>): Generator<Ip, never> {
    for (let n = number(pool.replace(/\/.*/, '')) + 1; ; n++) {
      const ip = ipv4(n) as Ip;
      if (taken.has(ip) || this.used.has(ip)) continue;
      this.used.add(ip);
      yield ip;
    }
  }

  private readonly used = new Set<Ip>();
}

function endpointOps(network: NetworkId, node: NodeId, id: EndpointId, ip: Ip, pool: Cidr, name: string): Op[] {
  const container = newId();
  const mac = `02:42:${ip
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join(':')}` as Mac;
  const created = Date.now();
  const endpoint = { id, network, node, mac, addresses: [`${ip}${pool.replace(/.*\//, '/')}` as Cidr], created };
  const lease = formatLease({ pool, address: ip, node, kind: 'endpoint', endpoint: id, created });
  const record = formatEndpoint({ ...endpoint, names: [name, container.slice(0, 12)], container });
  return [
    { verb: 'create', key: keys.lease(pool, ip), value: lease },
    { verb: 'create', key: keys.endpoint(network, node, id), value: record },
  ];
}

/** As registry/local/heads.ts does it; nobody else writes these. */
function headOps(network: NetworkId, node: NodeId, changed: readonly EndpointId[]): Op[] {
  const revision = newRevision();
  return [
    { verb: 'deleteTree', prefix: keys.headsOf(network, node) },
    { verb: 'create', key: keys.head(network, node, revision), value: formatHead(following([], revision, changed)) },
    { verb: 'set', key: keys.member(node, network), value: '' },
  ];
}

function networkOps(creator: NodeId, base: number, vni: number, name: string): Op[] {
  const id = newId() as NetworkId;
  const pool = `${ipv4(base)}/24` as Cidr;
  const gateway = ipv4(base + 1) as Ip;
  const created = Date.now();
  const network = formatNetwork({
    ...{ id, creator, internal: false, ipv6: false, options: {}, ipam: 'cluster', deleting: false },
    subnets: [{ pool, gateway: `${gateway}/24` as Cidr, aux: {}, vni }],
    announced: { name, labels: {}, attachable: false },
  });
  const lease = formatLease({ pool, address: gateway, node: creator, kind: 'gateway', created });
  return [
    { verb: 'create', key: keys.network(id), value: network },
    { verb: 'create', key: keys.name(name), value: id },
    { verb: 'create', key: keys.vni(vni), value: id },
    { verb: 'create', key: keys.pool(pool), value: formatPool({ cidr: pool, node: creator, network: id, created }) },
    { verb: 'create', key: keys.lease(pool, gateway), value: lease },
  ];
}
