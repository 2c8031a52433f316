/** Links: `ip link`. */
import { FlagsNew } from 'netlink/dist/constants.js';
import { getS32, getU16, getU32, putS32, putString, putU16, putU32 } from 'netlink/dist/structs.js';
import { isKernelError, UserError } from '../../errors.js';
import type { ObservedLink } from '../../model/plan/observed.js';
import type { Mac } from '../../model/values/types.js';
import { type Attribute, macBytes, message, nest, readAttributes, readMac, readText } from '../netlink/attributes.js';
import { MOST_AT_ONCE, type Rtnetlink } from '../netlink/rtnetlink.js';
import { AF, IFF_UP, IFLA, IFLA_INFO, RTEXT_FILTER_SKIP_STATS, RTM } from '../netlink/uapi.js';
import { kernelError } from '../system/errno.js';

/** A link as one message tells it: its master is an index yet. */
export interface KernelLink extends Omit<ObservedLink, 'master' | 'vxlan' | 'bridge' | 'port'> {
  /** ARPHRD_…: what its frames are like. */
  readonly type: number;
  /** 0 when it is no port of a bridge. */
  readonly master: number;
  /** Attributes of its kind; empty when there are none. */
  readonly data: Buffer;
  /** Attributes of a port of its master's kind; empty when there are none. */
  readonly portData: Buffer;
  /** Of the namespace that its socket or its other end is in, as its own namespace knows that; absent: in the same. */
  readonly origin?: number;
}

export interface LinkSettings {
  readonly name?: string;
  readonly mtu?: number;
  readonly mac?: Mac;
  /** Index of the bridge. */
  readonly master?: number;
  readonly alias?: string;
  readonly up?: boolean;
  /** Links of one number can be removed at once. */
  readonly group?: number;
  /** Descriptor of the namespace it shall be in. */
  readonly namespace?: number;
  readonly kind?: string;
  /** What is particular to the kind. */
  readonly data?: readonly Attribute[];
  /** The kind of its master, and what is particular to ports of that. */
  readonly portKind?: string;
  readonly portData?: readonly Attribute[];
}

/** An ifinfomsg with its attributes. `which`: index of an existing link; 0 leaves it to the name. */
export function formatLink(which: number, s: LinkSettings): Buffer {
  const [flags, changed] = [s.up === true ? IFF_UP : 0, s.up === undefined ? 0 : IFF_UP];
  const header = Buffer.concat([putU16(AF.UNSPEC), putU16(0), putS32(which), putU32(flags), putU32(changed)]);
  return message(header, [
    [IFLA.ADDRESS, s.mac === undefined ? undefined : macBytes(s.mac)],
    [IFLA.IFNAME, s.name === undefined ? undefined : putString(s.name)],
    [IFLA.MTU, s.mtu === undefined ? undefined : putU32(s.mtu)],
    [IFLA.MASTER, s.master === undefined ? undefined : putU32(s.master)],
    [IFLA.IFALIAS, s.alias === undefined ? undefined : putString(s.alias)],
    [IFLA.GROUP, s.group === undefined ? undefined : putU32(s.group)],
    [IFLA.NET_NS_FD, s.namespace === undefined ? undefined : putS32(s.namespace)],
    [IFLA.LINKINFO, s.kind === undefined && s.portKind === undefined ? undefined : linkInfo(s)],
  ]);
}

const linkInfo = ({ kind, data = [], portKind, portData = [] }: LinkSettings) =>
  nest([
    [IFLA_INFO.KIND, kind === undefined ? undefined : putString(kind)],
    [IFLA_INFO.DATA, kind === undefined ? undefined : nest(data)],
    [IFLA_INFO.SLAVE_KIND, portKind === undefined ? undefined : putString(portKind)],
    [IFLA_INFO.SLAVE_DATA, portKind === undefined ? undefined : nest(portData)],
  ]);

export function readLink(payload: Buffer): KernelLink {
  const attributes = readAttributes(payload.subarray(16));
  const info = readAttributes(attributes.get(IFLA.LINKINFO) ?? Buffer.alloc(0));
  const origin = attributes.get(IFLA.LINK_NETNSID);
  const number = (type: number): number => getU32(attributes.get(type) ?? putU32(0));
  return {
    type: getU16(payload.subarray(2, 4)),
    index: getU32(payload.subarray(4, 8)),
    name: readText(attributes.get(IFLA.IFNAME)),
    kind: readText(info.get(IFLA_INFO.KIND)),
    mtu: number(IFLA.MTU),
    up: (getU32(payload.subarray(8, 12)) & IFF_UP) !== 0,
    master: number(IFLA.MASTER),
    mac: readMac(attributes.get(IFLA.ADDRESS)),
    alias: readText(attributes.get(IFLA.IFALIAS)),
    // Not a view: the datagram's buffer is used again.
    data: Buffer.from(info.get(IFLA_INFO.DATA) ?? []),
    portData: Buffer.from(info.get(IFLA_INFO.SLAVE_DATA) ?? []),
    ...(origin === undefined ? {} : { origin: getS32(origin) }),
  };
}

const withoutCounters: Attribute = [IFLA.EXT_MASK, putU32(RTEXT_FILTER_SKIP_STATS)];

/** `ip -d link show` */
export async function listLinks(socket: Rtnetlink): Promise<readonly KernelLink[]> {
  const payload = message(formatLink(0, {}), [withoutCounters]);
  return socket.dump('ip link show', RTM.GETLINK, payload, readLink);
}

/** `ip -d link show <name>`; undefined when there is none. */
export async function findLink(socket: Rtnetlink, which: string | number): Promise<KernelLink | undefined> {
  const target = typeof which === 'number' ? formatLink(which, {}) : formatLink(0, { name: which });
  try {
    return await socket.get(`ip link show ${which}`, RTM.GETLINK, message(target, [withoutCounters]), readLink);
  } catch (e) {
    if (isKernelError(e, 'ENODEV')) return undefined;
    throw e;
  }
}

/** Index of a link that has to be there. Throws ENODEV under the caller's verb. */
export async function linkIndex(socket: Rtnetlink, name: string, verb: string): Promise<number> {
  const link = await findLink(socket, name);
  if (link === undefined) throw kernelError(verb, 'ENODEV');
  return link.index;
}

/** `ip link add <name> type <kind> …`. Throws EEXIST when the name is taken, a UserError where the kernel has no such kind. */
export async function addLink(
  socket: Rtnetlink,
  s: LinkSettings & { readonly name: string; readonly kind: string },
  verb = `ip link add ${s.name} type ${s.kind}`,
): Promise<void> {
  try {
    await socket.request(verb, RTM.NEWLINK, FlagsNew.CREATE | FlagsNew.EXCL, formatLink(0, s));
  } catch (e) {
    if (!isKernelError(e, 'EOPNOTSUPP')) throw e;
    throw new UserError(
      `the kernel of this host has no devices of kind ${s.kind}: load the module ${s.kind} (modprobe ${s.kind}), or run a kernel that has it`,
    );
  }
}

/** `ip link set <name> …`, or, with an index, also `… name <new name>`. MTU in bytes. Throws ENODEV. */
export function setLink(socket: Rtnetlink, which: string | number, s: LinkSettings): Promise<void> {
  const payload = typeof which === 'number' ? formatLink(which, s) : formatLink(0, { ...s, name: which });
  return socket.request(`ip link set ${which}${describe(s)}`, RTM.SETLINK, 0, payload);
}

/** `ip link set <name> type <kind> …`, or `… type bridge_slave …`, which SETLINK passes over. Throws ENODEV. */
export const changeLink = (socket: Rtnetlink, name: string, s: LinkSettings): Promise<void> =>
  socket.request(
    `ip link set ${name} type ${s.kind ?? `${s.portKind}_slave`}`,
    RTM.NEWLINK,
    0,
    formatLink(0, { ...s, name }),
  );

const describe = (s: LinkSettings): string =>
  [
    s.name === undefined ? '' : ` name ${s.name}`,
    s.mtu === undefined ? '' : ` mtu ${s.mtu}`,
    s.master === undefined ? '' : ' master',
    s.up === undefined ? '' : s.up ? ' up' : ' down',
  ].join('');

/** `ip link delete <name>`; a veth takes its peer along. False when there was none. */
export async function removeLink(socket: Rtnetlink, name: string): Promise<boolean> {
  try {
    await socket.request(`ip link delete ${name}`, RTM.DELLINK, 0, formatLink(0, { name }));
    return true;
  } catch (e) {
    if (isKernelError(e, 'ENODEV')) return false;
    throw e;
  }
}

/** Nobody else's, in a namespace that is ours. */
const GOING = 0x7473_6f76;

/**
 * `ip link set <name> group …` for each, then `ip link delete group …`: for each by itself the kernel would wait some 20 ms
 * with its lock of all links. Those that are gone are left out.
 */
export async function removeLinks(socket: Rtnetlink, names: readonly string[]): Promise<void> {
  const payload = formatLink(0, { group: GOING });
  const removal = { verb: 'ip link delete group', type: RTM.DELLINK, flags: 0, payload };
  for (let i = 0; i < names.length; i += MOST_AT_ONCE - 1) {
    const some = names.slice(i, i + MOST_AT_ONCE - 1).map((name) => ({
      verb: `ip link set ${name} group`,
      ...{ type: RTM.SETLINK, flags: 0, payload: formatLink(0, { name, group: GOING }) },
    }));
    const errors = await socket.all([...some, removal]);
    const failed = errors.find((e) => e !== undefined && !isKernelError(e, 'ENODEV'));
    if (failed !== undefined) throw failed;
  }
}
