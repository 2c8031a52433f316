/** The `--ipam-opt key=value` pairs of `docker network create`. */
import { UserError } from '../errors.js';
import { poolSource } from '../model/pool-source.js';
import type { PoolSource } from '../model/types.js';

const OPTION_BASE = 'tsoverlay.base';
const OPTION_SIZE = 'tsoverlay.size';

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
