/** VXLAN network identifiers: one key each, created only if absent. */
import { UserError } from '../../errors.js';
import type { Store } from '../../model/ports/ports.js';
import { familyOf } from '../../model/values/address.js';
import { keys, PROBE_VNI } from '../../model/values/names.js';
import { isNetworkId } from '../../model/values/shapes.js';
import type { NetworkId, Subnet } from '../../model/values/types.js';

/** The native overlay starts here too: the numbers below are left to the network's own people. */
const FIRST_VNI = 256;
const LAST_VNI = 2 ** 24 - 1;

/**
 * A VNI for each subnet, in their order: the user's own, or the lowest free. An IPv6 subnet shares the VNI (and so
 * the bridge) of the IPv4 subnet beside it, for an endpoint has one link for both.
 */
export async function chooseVnis(
  store: Pick<Store, 'get' | 'keys'>,
  subnets: readonly Omit<Subnet, 'vni'>[],
  wanted: readonly number[],
  nameOf: (id: NetworkId) => string,
): Promise<readonly number[]> {
  const taken = new Set((await store.keys(keys.vnis)).map((key) => Number(key.slice(keys.vnis.length))));
  const v4 = subnets.filter((s) => familyOf(s.pool) === 4);
  const carriers = v4.length > 0 ? v4 : subnets;
  const v6Count = subnets.length - v4.length;
  if (v4.length > 1 && v6Count > 0 && v6Count !== v4.length)
    throw new UserError(
      `${v4.length} IPv4 subnets and ${v6Count} of IPv6 cannot be paired; give each IPv4 subnet an IPv6 one, or leave IPv6 out`,
    );
  if (wanted.length > 0 && wanted.length !== carriers.length)
    throw new UserError(`vxlanid_list names ${wanted.length} ids for ${carriers.length} subnets; give one for each`);
  const twice = wanted.find((vni, i) => wanted.indexOf(vni) !== i);
  if (twice !== undefined) throw new UserError(`vxlanid_list names VXLAN id ${twice} twice; give each subnet its own`);
  if (wanted.includes(PROBE_VNI))
    throw new UserError(
      `VXLAN id ${PROBE_VNI} is tsoverlay's own, by which hosts find out how they reach each other; choose another`,
    );
  const busy = wanted.find((vni) => taken.has(vni));
  if (busy !== undefined)
    throw new UserError(
      `VXLAN id ${busy} is in use by ${await ownerOf(store, busy, nameOf)} of the cluster; choose another`,
    );
  const free = wanted.length > 0 ? wanted : lowestFree(taken, carriers.length);
  let v6 = 0;
  return subnets.map((subnet) => {
    const i = carriers.indexOf(subnet);
    return free[i >= 0 ? i : Math.min(v6++, carriers.length - 1)] ?? FIRST_VNI;
  });
}

async function ownerOf(store: Pick<Store, 'get'>, vni: number, nameOf: (id: NetworkId) => string): Promise<string> {
  const entry = await store.get(keys.vni(vni));
  return entry !== undefined && isNetworkId(entry.value) ? `network ${nameOf(entry.value)}` : 'another network';
}

function lowestFree(taken: ReadonlySet<number>, count: number): readonly number[] {
  const found: number[] = [];
  for (let vni = FIRST_VNI; vni <= LAST_VNI && found.length < count; vni++) if (!taken.has(vni)) found.push(vni);
  if (found.length < count) throw new UserError('all VXLAN ids from 256 to 16777215 are in use');
  return found;
}
