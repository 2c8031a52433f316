/** Settings of the mesh that encrypts. */
import { UserError } from '../errors.js';
import { familyOf, isIp, parseIp } from '../model/values/address.js';
import { nodeAddressOf, nodeAddressTrouble } from '../model/values/canonical.js';
import { DEFAULT_MESH_PORT } from '../model/values/names.js';
import type { EncryptionSettings } from '../model/values/settings.js';
import { PORT_RANGE } from '../model/values/shapes.js';
import type { NodeAddress } from '../model/values/types.js';
import { type Attempt, type Env, oneOf, readNumber } from './reading.js';

const MODES = ['off', 'on', 'required'] as const;

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const DEFAULT_ROTATION = '7d';
/** A rotation takes its time, and hosts that are away miss none of two. */
const LEAST_ROTATION_MS = 10 * 60_000;
const MOST_ROTATION_MS = 365 * 86_400_000;

/** Each rotation goes from one of two ports, in a row, to the other. */
const PORTS = { min: PORT_RANGE.min, max: PORT_RANGE.max - 1 };
const UDP_PORT = 'a UDP port, a number';

export interface EncryptionContext {
  readonly advertise: NodeAddress;
  /** UDP. */
  readonly vxlanPort: number;
}

export function readEncryption(env: Env, context: EncryptionContext, attempt: Attempt): EncryptionSettings {
  const endpoint = attempt(() => readEndpoint(env.CLUSTER_ENDPOINT ?? '', context.advertise), undefined);
  return {
    mode: attempt(() => oneOf('ENCRYPTION', env.ENCRYPTION || 'off', MODES), 'off'),
    rotationMs: attempt(() => readRotation(env.KEY_ROTATION || DEFAULT_ROTATION), 0),
    ...(endpoint === undefined ? {} : { endpoint }),
    port: attempt(() => readFirstPort(env.WIREGUARD_PORT ?? '', context.vxlanPort), DEFAULT_MESH_PORT),
    keepalive: attempt(() => readKeepalive(env.WIREGUARD_KEEPALIVE ?? ''), 0),
  };
}

function readRotation(text: string): number {
  if (text === 'off') return 0;
  const [, count = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? 0);
  if (ms < LEAST_ROTATION_MS || ms > MOST_ROTATION_MS)
    throw new UserError(`KEY_ROTATION is "${text}"; it must be off or a time from 10m to 365d, such as 12h or 7d`);
  return ms;
}

/** Whoever has one of the two ports keeps the mesh, or VXLAN, from its socket. */
function readFirstPort(text: string, vxlanPort: number): number {
  const port = text === '' ? DEFAULT_MESH_PORT : readNumber('WIREGUARD_PORT', text, UDP_PORT, PORTS);
  if (port === vxlanPort || port + 1 === vxlanPort)
    throw new UserError(
      `WIREGUARD_PORT is "${port}", and ${port} and ${port + 1} are used, but VXLAN_PORT is ${vxlanPort}; choose others`,
    );
  return port;
}

const readKeepalive = (text: string): number =>
  text === '' || text === 'off'
    ? 0
    : readNumber('WIREGUARD_KEEPALIVE', text, 'off or a number of seconds', { min: 1, max: PORT_RANGE.max });

/** `address` or `address:port`, IPv6 with a port in brackets. */
function readEndpoint(text: string, advertise: NodeAddress): EncryptionSettings['endpoint'] {
  if (text === '') return undefined;
  const [, six, four, behind] = /^(?:\[(.+)\]|([^:]*))(?::(.*))?$/.exec(text) ?? [];
  const host = isIp(text) ? text : (six ?? four ?? '');
  const port = isIp(text) ? undefined : behind;
  if (!isIp(host))
    throw new UserError(
      `CLUSTER_ENDPOINT is "${text}"; it must be an address or address:port, such as 198.51.100.7:51840 or [2001:db8::7]:51840`,
    );
  const address = nodeAddressOf(parseIp(host));
  const trouble = nodeAddressTrouble(address);
  if (trouble !== undefined)
    throw new UserError(`CLUSTER_ENDPOINT is "${text}", one of the ${trouble}; no other host reaches this one there`);
  if (advertise !== '' && familyOf(address) !== familyOf(advertise))
    throw new UserError(
      `CLUSTER_ENDPOINT is "${text}", of IPv${familyOf(address)}, but CLUSTER_ADVERTISE is ${advertise}; both must be of one family`,
    );
  return {
    address,
    ...(port === undefined ? {} : { port: readNumber('the port of CLUSTER_ENDPOINT', port, UDP_PORT, PORTS) }),
  };
}
