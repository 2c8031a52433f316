/** Kernel settings: `sysctl`. Those below `net` are the calling thread's namespace's, so all of this is synchronous. */
import { opendirSync, readFileSync, writeFileSync } from 'node:fs';
import { hasCode, isKernelError } from '../../errors.js';
import { fromNode } from './errno.js';
import { remountWritable } from './netns.js';

export const ROOT = '/proc/sys';

export interface Setting {
  /** As a path below /proc/sys. */
  readonly name: string;
  readonly value: number;
  /** A kernel without it has nothing to set: one without IPv6, say. */
  readonly ifThere?: true;
}

/** IN6_ADDR_GEN_MODE_NONE */
const ADDRESS_NONE = 1;

/** `sysctl -w <name>=<value>`, with the name as a path, e.g. `net/ipv6/conf/lo/disable_ipv6`. */
export const writeSysctl = (name: string, value: number, root = ROOT): void =>
  onWritable(root, sysctlVerb(name, value), () => writeFileSync(`${root}/${name}`, String(value)));

export const sysctlVerb = (name: string, value: number): string => `sysctl -w ${name.replaceAll('/', '.')}=${value}`;

/** Does what needs `root` to be writable. Throws Node's own errors as KernelErrors. */
export function onWritable<T>(root: string, verb: string, work: () => T): T {
  try {
    try {
      return work();
    } catch (e) {
      if (!hasCode(e, 'EROFS')) throw e;
      // A managed plugin is a container, and runc mounts /proc/sys read-only in there.
      remountWritable(root);
      return work();
    }
  } catch (e) {
    throw fromNode(verb, e);
  }
}

const ipv6OffAt = (link: string): Setting => ({ name: `net/ipv6/conf/${link}/disable_ipv6`, value: 1, ifThere: true });

/** A link speaks no IPv6, or does; a kernel without IPv6 has nothing to set. */
export const ipv6At = (link: string, on: boolean): Setting => ({ ...ipv6OffAt(link), value: on ? 0 : 1 });

/**
 * `sysctl -w net.ipv6.conf.{default,lo}.disable_ipv6=1`: no link that comes gets an fe80 address, as with the native
 * driver, and what {@link ipv6On} did to those that are there stays: `all` would take their addresses away.
 */
export const IPV6_OFF: readonly Setting[] = ['default', 'lo'].map(ipv6OffAt);

/** What a namespace inherits from the first one, or the kernel presets, that is not for one which serves its own addresses alone. */
const RECEIVE_ONLY_VALUES = {
  'net/ipv4/ip_forward': 0,
  'net/ipv4/conf/all/accept_redirects': 0,
  'net/ipv4/conf/default/accept_redirects': 0,
  // Somebody to whom there is no way yet may ask for one, and a peer be heard by another device than it is sent to.
  'net/ipv4/conf/all/rp_filter': 0,
  'net/ipv4/conf/default/rp_filter': 0,
  'net/ipv6/conf/all/forwarding': 0,
  'net/ipv6/conf/default/accept_redirects': 0,
  'net/ipv6/conf/default/accept_ra': 0,
};

/** `sysctl -w net.ipv4.ip_forward=0 …`: nothing is passed on, no router is believed. A kernel without IPv6 lacks some. */
export const RECEIVE_ONLY: readonly Setting[] = Object.entries(RECEIVE_ONLY_VALUES).map(([name, value]) => ({
  ...{ name, value },
  ifThere: true,
}));

export const isReceiveOnly = (): boolean =>
  [...readSysctls(RECEIVE_ONLY.map(({ name }) => name)).values()].every((value) => value === 0);

const NEIGHBOURS = 'net/ipv6/neigh';
/** Who has more has made them itself, for that may set all of this back, and may make any number: each costs the time of a file. */
const MOST_LINKS = 64;

/**
 * `sysctl -w net.ipv6.neigh.<each>.mcast_solicit=1`: a neighbour that does not answer is asked for once, by whoever wants it.
 * The kernel would ask twice more by itself, and no CPU limit of a container holds for that: half a CPU of datagrams to
 * addresses that nobody has, without a capability, kept a whole one busy. A link that comes later asks three times again.
 */
export function solicitOnce(root = ROOT): void {
  for (const link of links(root)) changeSysctl(`${NEIGHBOURS}/${link}/mcast_solicit`, 1, root);
}

/** None in a kernel without IPv6, nor where there are too many. */
function links(root: string): readonly string[] {
  try {
    const folder = opendirSync(`${root}/${NEIGHBOURS}`);
    try {
      const found: string[] = [];
      for (let file = folder.readSync(); file !== null; file = folder.readSync()) {
        if (!['default', 'lo'].includes(file.name)) found.push(file.name);
        if (found.length > MOST_LINKS) return [];
      }
      return found;
    } finally {
      folder.closeSync();
    }
  } catch (e) {
    if (hasCode(e, 'ENOENT')) return [];
    throw fromNode(`sysctl ${NEIGHBOURS.replaceAll('/', '.')}`, e);
  }
}

/**
 * `sysctl -w net.ipv6.conf.<link>.disable_ipv6=0`, still without an fe80 address, and neighbours are asked for once. A VXLAN device wants it too: no
 * IPv6 neighbour is taken (EINVAL) where IPv6 is off. ENOENT without such a link, and in kernels without IPv6.
 */
export const ipv6On = (link: string): readonly Setting[] => [
  { name: `net/ipv6/conf/${link}/addr_gen_mode`, value: ADDRESS_NONE },
  { name: `net/ipv6/conf/${link}/disable_ipv6`, value: 0 },
  { name: `${NEIGHBOURS}/${link}/mcast_solicit`, value: 1 },
];

function changeSysctl(name: string, value: number, root = ROOT): void {
  if (readSysctl(name, root) !== String(value)) writeSysctl(name, value, root);
}

export function readSysctl(name: string, root: string): string {
  try {
    return readFileSync(`${root}/${name}`, 'utf8').trim();
  } catch (e) {
    throw fromNode(`sysctl ${name.replaceAll('/', '.')}`, e);
  }
}

/** `sysctl <name>` of those that there are: some are files of the first network namespace alone. */
export function readSysctls(names: readonly string[], root = ROOT): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const name of names)
    try {
      found.set(name, Number(readSysctl(name, root)));
    } catch (e) {
      if (!isKernelError(e, 'ENOENT')) throw e;
    }
  return found;
}
