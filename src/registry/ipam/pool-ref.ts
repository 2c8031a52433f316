/** A pool as what addresses are taken from: with the range for it, and with the network that has it. */
import type { Cidr, Network, Subnet } from '../../model/values/types.js';

/** A pool, with the network that has it; none while that is being created. */
export interface PoolRef {
  readonly cidr: Cidr;
  /** `--ip-range`, of the network or (while that is being created) of the claim. */
  readonly range?: Cidr | undefined;
  readonly network?: Network;
}

/** The pool as a part of this network; undefined when it is not. */
export function poolOf(network: Network, cidr: Cidr): PoolRef | undefined {
  const subnet = network.subnets.find((s) => s.pool === cidr);
  return subnet && { cidr, range: subnet.range, network };
}

export const subnetOf = ({ network, cidr }: PoolRef): Subnet | undefined =>
  network?.subnets.find((s) => s.pool === cidr);
