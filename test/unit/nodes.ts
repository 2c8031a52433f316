/** Hosts as records know them. */
import type { Node, NodeAddress, NodeId } from '../../src/model/values/types.js';

/** Another one for each address. */
export const idOf = (address: string): NodeId =>
  Buffer.from(address).toString('hex').padStart(16, '0').slice(-16) as NodeId;

const bootOf = (address: string): string => Buffer.from(address).toString('hex').padStart(32, '0').slice(-32);

type Stored = Omit<Node, 'alive' | 'index'>;

export const nodeOf = (address: string, change: Partial<Stored> = {}): Stored => ({
  id: idOf(address),
  address: address as NodeAddress,
  hostname: `docker-${address}`,
  mtu: 1500,
  routes: [],
  machine: {},
  boot: bootOf(address),
  reads: 2,
  ...change,
});

export const livingNode = (address: string, change: Partial<Node> = {}): Node => ({
  ...nodeOf(address),
  alive: true,
  index: 1,
  ...change,
});
