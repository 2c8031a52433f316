/** The pair that joins a network's namespace with the host's. Nothing but programs looks at what goes through it. */
import { isKernelError } from '../../errors.js';
import { UPLINK, UPLINK_MTU } from '../../model/values/names.js';
import { addLink, findLink, linkIndex, removeLink, setLink } from '../links/links.js';
import { vethData } from '../links/veth.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { withNamespace } from '../system/netns.js';
import { writeSysctl } from '../system/sysctl.js';

/** Indexes of both ends, each in its namespace. */
export interface UplinkEnds {
  readonly inside: number;
  readonly host: number;
}

/**
 * `ip link add up0 type veth peer name <end> netns <host>`, both up; one that is whole stays. The host's end speaks no IPv6
 * of its own, and forwards, for else the kernel tells its program no routes.
 */
export async function ensureUplink(
  inside: Rtnetlink,
  host: Rtnetlink,
  hostFd: number,
  end: string,
): Promise<UplinkEnds> {
  const isWhole = (await findLink(inside, UPLINK)) !== undefined && (await findLink(host, end)) !== undefined;
  if (!isWhole) {
    await removeLink(inside, UPLINK);
    await removeLink(host, end);
    const data = vethData({ name: end, namespace: hostFd }, UPLINK_MTU);
    await addLink(inside, { name: UPLINK, mtu: UPLINK_MTU, kind: 'veth', data });
  }
  withNamespace(`/proc/thread-self/fd/${hostFd}`, () => settle(end));
  await setLink(host, end, { up: true });
  await setLink(inside, UPLINK, { mtu: UPLINK_MTU, up: true });
  const verb = `ip link set ${end} up`;
  return { inside: await linkIndex(inside, UPLINK, verb), host: await linkIndex(host, end, verb) };
}

function settle(end: string): void {
  writeSysctl(`net/ipv4/conf/${end}/forwarding`, 1);
  try {
    writeSysctl(`net/ipv6/conf/${end}/disable_ipv6`, 1);
  } catch (e) {
    // A kernel without IPv6.
    if (!isKernelError(e, 'ENOENT')) throw e;
  }
}
