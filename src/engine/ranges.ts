/** `--ip-range` as network inspect tells it. */
import { networkOf } from '../model/values/address.js';
import type { Cidr } from '../model/values/types.js';

interface IpamConfig {
  readonly Subnet?: string | undefined;
  readonly IPRange?: string | undefined;
}

/** By subnet, for those that have a range. */
export const rangesOf = (config: readonly IpamConfig[]): ReadonlyMap<Cidr, Cidr> =>
  new Map(
    config.flatMap(({ Subnet, IPRange }) =>
      Subnet && IPRange ? [[networkOf(Subnet), networkOf(IPRange)] as const] : [],
    ),
  );
