/** What `tsoverlay ipam check` says of the addresses of a cluster. Pure. */
import * as z from 'zod';
import { assignable } from '../../model/values/address.js';
import type { Cidr, NodeId } from '../../model/values/types.js';
import { sizeWords } from './fill.js';
import { abandonedPools, type Holding, isWrong, type Records } from './holders.js';
import type { Looked } from './look.js';

const addressJson = z.object({
  address: z.string(),
  standing: z
    .enum(['held', 'under way', 'cooling', 'leaked', 'double', 'unleased'])
    .describe(
      'cooling: given up less than 10 s ago; leaked: nobody uses it and nobody gets it; double: several have it; unleased: in use, and the next one may get it',
    ),
  kind: z.enum(['gateway', 'aux', 'endpoint']),
  host: z.string().describe('by its address, or its id where it has no record'),
  container: z.string().optional(),
  why: z.string().optional(),
  cure: z.string().optional(),
});

export const checkJson = z.object({
  pools: z.array(
    z.object({
      pool: z.string(),
      network: z.string().optional().describe('its name, or the id of one without'),
      size: z.number(),
      addresses: z.array(addressJson),
    }),
  ),
  abandoned: z.array(z.object({ pool: z.string(), host: z.string() })).describe('claimed for networks that never came'),
});

export interface Checked {
  readonly json: z.output<typeof checkJson>;
  readonly isFine: boolean;
  readonly leaked: number;
}

/** `self`: this host's id, where it is known. */
export function check({ records, holdings }: Looked, now: number, self: NodeId | string | undefined): Checked {
  const { networks, nodes } = records;
  const pools = new Map<Cidr, Holding[]>(networks.flatMap(({ subnets }) => subnets.map(({ pool }) => [pool, []])));
  for (const holding of holdings) pools.set(holding.pool, [...(pools.get(holding.pool) ?? []), holding]);
  const hostOf = (id: NodeId) => nodes.find((n) => n.id === id)?.address ?? id;
  const abandoned = abandonedPools(records, now);
  return {
    json: {
      pools: [...pools].map(([pool, all]) => {
        const network = networks.find(({ subnets }) => subnets.some((s) => s.pool === pool));
        const { first, last } = assignable(pool, network?.subnets.find((s) => s.pool === pool)?.range);
        return {
          pool,
          ...(network === undefined ? {} : { network: network.announced?.name ?? network.id }),
          size: Number(last - first + 1n),
          addresses: all.map((h) => ({
            ...{ address: h.address, standing: h.standing, kind: h.kind, host: hostOf(h.node) },
            ...(h.container === undefined ? {} : { container: h.container }),
            ...(h.why === undefined ? {} : { why: h.why }),
            ...(isWrong(h) ? { cure: cureOf(h, records, self) } : {}),
          })),
        };
      }),
      abandoned: abandoned.map(({ cidr, node }) => ({ pool: cidr, host: hostOf(node) })),
    },
    isFine: abandoned.length === 0 && !holdings.some(isWrong),
    leaked: holdings.filter(({ standing }) => standing === 'leaked').length,
  };
}

function cureOf({ standing, node, container }: Holding, { nodes }: Records, self: string | undefined): string {
  const owner = nodes.find((n) => n.id === node);
  if (standing !== 'leaked')
    return `docker network disconnect and connect ${container ?? 'the container'} on host ${owner?.hostname ?? node}: it gets another address`;
  if (node === self) return 'tsoverlay ipam check --release';
  if (owner?.alive) return `tsoverlay ipam check --release on host ${owner.hostname}`;
  return `it is freed when its host returns; if it never does: tsoverlay node forget ${owner?.address ?? node}`;
}

/** A line for each pool, and below it those with which something is wrong, or all. */
export function checkLines({ json: { pools, abandoned }, isFine }: Checked, all: boolean): readonly string[] {
  return [
    ...pools.flatMap(({ pool, network, size, addresses }) => {
      const counted = ['held', 'under way', 'cooling', 'leaked', 'double', 'unleased'].flatMap((standing) => {
        const n = addresses.filter((a) => a.standing === standing).length;
        return n === 0 && standing !== 'held' ? [] : [`${n} ${standing}`];
      });
      const shown = all ? addresses : addresses.filter(({ cure }) => cure !== undefined);
      return [
        `${pool} of ${network ?? 'no network'}: ${counted.join(', ')} of ${sizeWords(size)}`,
        ...shown.flatMap(linesOf),
      ];
    }),
    ...abandoned.map(({ pool, host }) => `warning: ${pool} is claimed by host ${host} for a network that never came`),
    ...(isFine ? ['no address is leaked, none is known twice'] : []),
  ];
}

function linesOf({
  address,
  standing,
  kind,
  host,
  container,
  why,
  cure,
}: z.output<typeof addressJson>): readonly string[] {
  const who = kind === 'endpoint' ? (container === undefined ? 'a container' : container) : `the network's ${kind}`;
  const words = `${address}  ${standing}  ${who} on ${host}${why === undefined ? '' : `: ${why}`}`;
  return cure === undefined ? [`  ${words}`] : [`  warning: ${words}`, `    cure: ${cure}`];
}
