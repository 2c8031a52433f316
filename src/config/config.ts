/** Settings from the environment, checked once, every problem named in one sentence. */
import { networkInterfaces } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { messageOf, NotYetError, UserError } from '../errors.js';
import { isIp, networkOf, parseIp } from '../model/values/address.js';
import { nodeAddressOf, nodeAddressTrouble } from '../model/values/canonical.js';
import { DEFAULT_VXLAN_PORT } from '../model/values/names.js';
import { parseSources } from '../model/values/pool-source.js';
import type {
  AccelerateMode,
  EncryptionSettings,
  GuardMode,
  GwbridgeWish,
  PoolSource,
} from '../model/values/settings.js';
import { PORT_RANGE } from '../model/values/shapes.js';
import type { NodeAddress } from '../model/values/types.js';
import { type ConsulConfig, readConsul, withoutToken } from './consul.js';
import { readEncryption } from './encryption.js';
import { privateFolder } from './folder.js';
import { type Listen, readListen } from './listen.js';
import { type Attempt, type Env, oneOf, readNumber } from './reading.js';

export interface Config {
  /** Undefined: the embedded store of a single host. */
  readonly consul?: ConsulConfig;
  readonly advertise: NodeAddress;
  readonly logLevel: string;
  readonly dataDir: string;
  /** What GetCapabilities answers; `auto` decides by the engine's request. */
  readonly scope: 'auto' | 'local' | 'global';
  readonly gwbridge: GwbridgeWish;
  readonly vxlanGuard: GuardMode;
  /** UDP port that VXLAN is sent to, the same on all hosts. */
  readonly vxlanPort: number;
  /** Whether frames take the short way where this host can. */
  readonly accelerate: AccelerateMode;
  /** Whether containers are kept away from Consul. */
  readonly consulGuard: boolean;
  /** Whether networks created here hold containers to their addresses unless the user says. */
  readonly antispoof: boolean;
  readonly encryption: EncryptionSettings;
  /** Where metrics and health are served; undefined: nowhere but on the admin socket. */
  readonly metrics?: Listen;
  /** Where pools that nobody named come from. */
  readonly defaultPools: readonly PoolSource[];
  /** Sockets to serve; a managed plugin has one for its plain name and one for the engine that started it. */
  readonly sockets: readonly [string, ...string[]];
  /** Where the operator's commands ask. */
  readonly adminSocket: string;
  /** The settings as they were typed, for commands that are typed without them; no token. */
  readonly typed: Readonly<Record<string, string>>;
}

/** Those that say which cluster and which host it is, and by which the commands judge it. */
const TELLING = [
  'CLUSTER_STORE',
  'CLUSTER_ADVERTISE',
  'DATA_DIR',
  'VXLAN_PORT',
  'VXLAN_GUARD',
  'SCOPE',
  'GWBRIDGE_MTU',
];

export const DEFAULT_DATA_DIR = '/var/lib/tsoverlay';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const LOG_FORMATS = ['json', 'text'] as const;
const GUARD_MODES = ['on', 'incoming', 'off'] as const;
const ACCELERATE_MODES = ['auto', 'off'] as const;
const SWITCH = ['on', 'off'] as const;
const SCOPES = ['auto', 'local', 'global'] as const;

/** Reads and checks all settings. Throws a UserError that lists every one that is wrong; a NotYetError if it may pass. */
export function readConfig(env: Env): Config {
  const problems: Error[] = [];
  const attempt: Attempt = (read, otherwise) => {
    try {
      return read();
    } catch (e) {
      problems.push(e instanceof Error ? e : new Error(messageOf(e)));
      return otherwise;
    }
  };
  const consul = attempt(() => readConsul(env.CLUSTER_STORE ?? '', env.CLUSTER_STORE_OPTS ?? ''), undefined);
  const advertise = attempt(() => readAdvertise(env.CLUSTER_ADVERTISE ?? ''), '' as NodeAddress);
  const vxlanPort = attempt(() => readPort(env.VXLAN_PORT ?? ''), DEFAULT_VXLAN_PORT);
  const metrics = attempt(() => readListen('METRICS_ADDR', env.METRICS_ADDR ?? ''), undefined);
  const sockets = readSockets(env.PLUGIN_SOCKETS ?? '');
  // Whoever logs has read it already.
  attempt(() => oneOf('LOG_FORMAT', env.LOG_FORMAT || 'json', LOG_FORMATS), 'json');
  const config: Config = {
    ...(consul === undefined ? {} : { consul }),
    ...{ advertise, vxlanPort },
    ...(metrics === undefined ? {} : { metrics }),
    logLevel: attempt(() => oneOf('LOG_LEVEL', env.LOG_LEVEL || 'info', LOG_LEVELS), 'info'),
    dataDir: attempt(() => privateFolder(env.DATA_DIR || DEFAULT_DATA_DIR), ''),
    scope: attempt(() => oneOf('SCOPE', env.SCOPE || 'auto', SCOPES), 'auto'),
    gwbridge: attempt(() => readGwbridge(env.GWBRIDGE_SUBNET ?? '', env.GWBRIDGE_MTU ?? ''), { mtu: 'underlay' }),
    vxlanGuard: attempt(() => oneOf('VXLAN_GUARD', env.VXLAN_GUARD || 'on', GUARD_MODES), 'on'),
    accelerate: attempt(() => oneOf('ACCELERATE', env.ACCELERATE || 'off', ACCELERATE_MODES), 'off'),
    consulGuard: attempt(() => oneOf('CONSUL_GUARD', env.CONSUL_GUARD || 'off', SWITCH), 'off') === 'on',
    antispoof: attempt(() => oneOf('ANTISPOOF', env.ANTISPOOF || 'off', SWITCH), 'off') === 'on',
    encryption: readEncryption(env, { advertise, vxlanPort }, attempt),
    defaultPools: attempt(() => parseSources(env.DEFAULT_ADDRESS_POOLS ?? '', 'DEFAULT_ADDRESS_POOLS'), []),
    sockets,
    adminSocket: adminSocketOf(sockets),
    typed: typedIn(env),
  };
  const words = problems.map(messageOf).join('; ');
  if (problems.some((e) => !(e instanceof NotYetError))) throw new UserError(words);
  if (problems.length > 0) throw new NotYetError(words);
  return Object.freeze(config);
}

function typedIn(env: Env): Config['typed'] {
  const typed = TELLING.flatMap((name) => (env[name] ? [[name, env[name]] as const] : []));
  const options = withoutToken(env.CLUSTER_STORE_OPTS ?? '');
  return { ...Object.fromEntries(typed), ...(options === '' ? {} : { CLUSTER_STORE_OPTS: options }) };
}

function readGwbridge(subnet: string, mtu: string): GwbridgeWish {
  const bytes = Number(mtu);
  const known = mtu === 'keep' || mtu === 'underlay';
  if (mtu !== '' && !known && !(Number.isInteger(bytes) && bytes >= 68 && bytes <= 65_535))
    throw new UserError(`GWBRIDGE_MTU is "${mtu}"; it must be underlay, keep or a number from 68 to 65535`);
  return {
    ...(subnet === '' ? {} : { subnet: networkOf(subnet) }),
    mtu: mtu === '' ? 'underlay' : known ? mtu : bytes,
  };
}

const readPort = (text: string): number =>
  text === '' ? DEFAULT_VXLAN_PORT : readNumber('VXLAN_PORT', text, 'a UDP port, a number', PORT_RANGE);

/** Set by plugin-config.json alone. */
export function readSockets(text: string): readonly [string, ...string[]] {
  const [first = '/run/docker/plugins/tsoverlay.sock', ...more] = text.split(',').filter((path) => path !== '');
  return [first, ...more];
}

/** Not among the plugins' sockets, where the engine would take it for one. */
export function adminSocketOf([socket]: readonly [string, ...string[]]): string {
  const folder = dirname(socket);
  return join(basename(folder) === 'plugins' ? dirname(folder) : folder, basename(socket, '.sock'), 'admin.sock');
}

/** An address, `address:port` or an interface's name, as dockerd's `--cluster-advertise` took it; the port is unused. */
function readAdvertise(text: string): NodeAddress {
  const interfaces = networkInterfaces();
  if (text === '') return firstAddress(interfaces);
  const name = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? (isIp(text) ? text : text.replace(/:\d+$/, ''));
  const all = Object.values(interfaces).flatMap((list) => list ?? []);
  if (isIp(name)) {
    const address = parseIp(name);
    if (!all.some((a) => a.address === address))
      throw new NotYetError(
        `CLUSTER_ADVERTISE is "${text}", an address that no interface of this host has; use one that it has`,
      );
    return nodeAddressOf(address);
  }
  const own = interfaces[name];
  if (own === undefined)
    throw new NotYetError(
      `CLUSTER_ADVERTISE is "${text}", but this host has no interface "${name}"; it has ${Object.keys(interfaces).join(', ')}`,
    );
  // A router has its address on lo, beside 127.0.0.1.
  const usable = own.filter((a) => nodeAddressTrouble(a.address) === undefined);
  const address = [...usable, ...own].find((a) => a.family === 'IPv4') ?? usable[0];
  if (address === undefined) throw new NotYetError(`CLUSTER_ADVERTISE is "${text}", an interface without an address`);
  return nodeAddressOf(parseIp(address.address));
}

/** What this host may be reached at, if nobody says, in the order in which they are taken. */
export const addressCandidates = (interfaces = networkInterfaces()): readonly string[] =>
  Object.entries(interfaces).flatMap(([name, list]) =>
    /^(lo|docker|veth|br-)/.test(name)
      ? []
      : (list ?? [])
          .filter((a) => !a.internal && a.family === 'IPv4' && nodeAddressTrouble(a.address) === undefined)
          .map(({ address }) => address),
  );

/** Without CLUSTER_ADVERTISE: the first address that is not the host's alone. */
function firstAddress(interfaces: ReturnType<typeof networkInterfaces>): NodeAddress {
  const [address] = addressCandidates(interfaces);
  if (address === undefined)
    throw new NotYetError(
      'CLUSTER_ADVERTISE is empty and this host has no address to choose; set it to an address or interface',
    );
  return nodeAddressOf(parseIp(address));
}
