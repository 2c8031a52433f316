/** Where a pool comes from: the `--ipam-opt key=value` pairs of `docker network create`. */
import { UserError } from '../errors.js';
import { isUnspecified, parseCidr } from '../model/values/address.js';
import { poolSource } from '../model/values/pool-source.js';
import type { PoolSource } from '../model/values/settings.js';

const OPTION_BASE = 'tsoverlay.base';
const OPTION_SIZE = 'tsoverlay.size';

/** What of the engine's request says which pool is wanted. */
interface Wish {
  readonly Pool: string;
  readonly SubPool: string;
  readonly Options: Readonly<Record<string, string>>;
}

/**
 * For a `--subnet` of the unspecified address, Docker 29's way to say "any of this size": where it may come from.
 * Undefined for any other. Throws a UserError for a size that none of them has.
 */
export function anyOfSize(
  { Pool, SubPool, Options }: Wish,
  defaults: readonly PoolSource[],
): readonly PoolSource[] | undefined {
  if (!isUnspecified(Pool)) return undefined;
  if (OPTION_SIZE in Options)
    throw new UserError(`--subnet ${Pool} names a size, and so does --ipam-opt ${OPTION_SIZE}; leave one of them out`);
  if (SubPool !== '')
    throw new UserError(
      `--subnet ${Pool} has one chosen, in which --ip-range ${SubPool} need not lie; leave one of them out`,
    );
  const { prefix } = parseCidr(Pool);
  const sources = readPoolOptions(Options, '', defaults);
  const large = sources.filter(({ base }) => parseCidr(base).prefix <= prefix);
  return (large.length > 0 ? large : sources).map(({ base }) => poolSource(base, String(prefix), `--subnet ${Pool}`));
}

/**
 * Where a pool that we choose comes from: `defaults`, narrowed by the options. Throws a UserError that names an
 * option which is unknown, wrong, or of no use beside `subnet`, the one that the user named.
 */
export function readPoolOptions(
  pairs: Readonly<Record<string, string>>,
  subnet: string,
  defaults: readonly PoolSource[],
): readonly PoolSource[] {
  const unknown = Object.keys(pairs).find((key) => key !== OPTION_BASE && key !== OPTION_SIZE);
  if (unknown !== undefined)
    throw new UserError(`IPAM option ${unknown} is unknown to tsoverlay; it knows ${OPTION_BASE} and ${OPTION_SIZE}`);
  const { [OPTION_BASE]: base, [OPTION_SIZE]: size } = pairs;
  if (base === undefined && size === undefined) return defaults;
  if (subnet !== '')
    throw new UserError(
      `--ipam-opt ${base === undefined ? OPTION_SIZE : OPTION_BASE} is for a subnet that tsoverlay chooses; leave it out, or leave out --subnet ${subnet}`,
    );
  if (base !== undefined) return [poolSource(base, size, `--ipam-opt ${OPTION_BASE}`)];
  return defaults.map((source) => poolSource(source.base, size, `--ipam-opt ${OPTION_SIZE}`));
}
