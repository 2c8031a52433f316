/** Reads all records that have to do with addresses. */
import { keys } from '../../model/values/names.js';
import type { Cidr, Ip, NodeId } from '../../model/values/types.js';
import type { Readable } from '../../store/data-dir/remembered.js';
import {
  parseEndpoint,
  parseLease,
  parseNetwork,
  parseNode,
  parsePool,
  poolOfKey,
} from '../../store/records/records.js';
import type { Records } from './holders.js';

export async function readRecords(store: Readable): Promise<Records> {
  const [nodes, networks, endpoints, leases, pools, released] = await Promise.all(
    [keys.nodes, keys.networks, 'endpoints/', 'addresses/', keys.pools, keys.released].map(
      async (prefix) => (await store.list(prefix)).entries,
    ),
  );
  return {
    nodes: (nodes ?? []).flatMap((e) => parseNode(e) ?? []),
    networks: (networks ?? []).flatMap((e) => parseNetwork(e) ?? []),
    endpoints: (endpoints ?? []).flatMap((e) => parseEndpoint(e) ?? []),
    leases: (leases ?? []).flatMap((e) => parseLease(e) ?? []),
    pools: (pools ?? []).flatMap((e) => parsePool(e) ?? []),
    resting: (released ?? []).flatMap(({ key, value }) => {
      const [, part = '', address = ''] = key.split('/');
      const pool: Cidr | undefined = poolOfKey(`${keys.pools}${part}`);
      return pool === undefined ? [] : [{ pool, address: address as Ip, node: value as NodeId }];
    }),
  };
}
