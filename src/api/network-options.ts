/** The `-o key=value` pairs of `docker network create`, in dockerd's own spellings. */
import { UserError } from '../errors.js';
import { overheadOf } from '../model/plan/underlay.js';
import {
  OPTION_ANTISPOOF,
  OPTION_ENCRYPTED,
  OPTION_GATEWAY,
  OPTION_MIRROR,
  OPTION_MULTICAST,
} from '../model/values/names.js';
import { isNetworkId, MTU_RANGE, NETWORK_MTU_RANGE } from '../model/values/shapes.js';
import type { NetworkId } from '../model/values/types.js';

const OPTION_MTU = 'com.docker.network.driver.mtu';
/** The engine's own, which it hands on to the driver (since version 28 it obeys them as `--ipv4` and `--ipv6`). */
const ENGINES_OWN = new Set(['com.docker.network.enable_ipv4', 'com.docker.network.enable_ipv6']);
const OPTION_VXLAN_IDS = 'com.docker.network.driver.overlay.vxlanid_list';

const KNOWN = [...[OPTION_MTU, OPTION_VXLAN_IDS, OPTION_MULTICAST, OPTION_ANTISPOOF, OPTION_GATEWAY, OPTION_ENCRYPTED]];

/** The smallest MTU that IPv6 allows, bytes (RFC 8200 section 5). */
const IPV6_MTU = 1280;

export interface NetworkOptions {
  readonly mirrorOf?: NetworkId;
  readonly mtu?: number;
  readonly vnis: readonly number[];
  /** The pairs that mirrors repeat. */
  readonly repeated: Readonly<Record<string, string>>;
}

/** Throws a UserError that names the option which is unknown or out of range. */
export function readNetworkOptions(pairs: Readonly<Record<string, unknown>>): NetworkOptions {
  const { [OPTION_MIRROR]: mirror, ...others } = pairs;
  const mirrorOf = mirror === undefined ? undefined : readMirror(String(mirror));
  const repeated: Record<string, string> = {};
  let [mtu, vnis]: [number | undefined, readonly number[]] = [undefined, []];
  for (const [key, raw] of Object.entries(others)) {
    const value = String(raw);
    if (key === OPTION_MTU) mtu = readMtu(value);
    else if (key === OPTION_VXLAN_IDS) vnis = readVnis(value);
    else if (key === OPTION_MULTICAST || key === OPTION_ANTISPOOF) checkSwitch(key, value);
    else if (key === OPTION_GATEWAY) checkGateway(value);
    else if (ENGINES_OWN.has(key)) checkBoolean(key, value);
    // Without a value, as people type it for the engines' own overlay, it is meant.
    else if (key === OPTION_ENCRYPTED) checkBoolean(key, value || 'true');
    else throw new UserError(`option ${key} is unknown to tsoverlay; it knows ${KNOWN.join(', ')}`);
    repeated[key] = value;
  }
  return { vnis, repeated, ...(mirrorOf === undefined ? {} : { mirrorOf }), ...(mtu === undefined ? {} : { mtu }) };
}

function readMirror(value: string): NetworkId {
  if (!isNetworkId(value)) throw new UserError(`option ${OPTION_MIRROR} is for tsoverlay's own use; leave it out`);
  return value;
}

function checkSwitch(key: string, value: string): void {
  if (value !== 'on' && value !== 'off') throw new UserError(`${key} is "${value}"; it must be on or off`);
}

function checkGateway(value: string): void {
  if (value !== 'overlay' && value !== 'bridge')
    throw new UserError(
      `${OPTION_GATEWAY} is "${value}"; it must be overlay (the network's own gateway leads to the outside) or bridge (docker_gwbridge does, by a second card)`,
    );
}

/** As Go reads them. */
function checkBoolean(key: string, value: string): void {
  if (!/^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value))
    throw new UserError(`${key} is "${value}"; it must be true or false`);
}

/** Throws a UserError when what is put around each frame would leave too little of the MTU. */
export function checkMtu(
  mtu: number | undefined,
  needs: { readonly ipv6: boolean; readonly encryption: boolean },
): void {
  if (mtu === undefined) return;
  const { ipv6, encryption } = needs;
  const least = (ipv6 ? IPV6_MTU : MTU_RANGE.min) + overheadOf(encryption, 4);
  if (mtu >= least) return;
  const who = [...(ipv6 ? ['IPv6'] : []), ...(encryption ? ['encryption'] : [])].join(' with ');
  throw new UserError(`${OPTION_MTU} is ${mtu}, but ${who} needs ${least} at least; raise it or leave that out`);
}

function readMtu(value: string): number {
  const mtu = Number(value);
  if (!Number.isInteger(mtu) || mtu < NETWORK_MTU_RANGE.min || mtu > NETWORK_MTU_RANGE.max)
    throw new UserError(
      `${OPTION_MTU} is "${value}"; it must be a number from ${NETWORK_MTU_RANGE.min} to ${NETWORK_MTU_RANGE.max}`,
    );
  return mtu;
}

function readVnis(value: string): readonly number[] {
  return value.split(',').map((text) => {
    const vni = Number(text.trim());
    if (text.trim() === '' || !Number.isInteger(vni) || vni < 1 || vni > 2 ** 24 - 1)
      throw new UserError(`${OPTION_VXLAN_IDS} has "${text.trim()}"; a VXLAN id is a number from 1 to 16777215`);
    return vni;
  });
}
