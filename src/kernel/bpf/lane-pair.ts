/** The pair that joins a network's namespace with the host's. Nothing but programs looks at what goes through it. */
import { LANE, LANE_MTU } from '../../model/values/names.js';
import { addLink, findLink, type KernelLink, linkIndex, removeLink, setLink } from '../links/links.js';
import { vethData } from '../links/veth.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import type { HeldNamespace } from '../system/held-namespace.js';
import { changeSettings } from '../system/settings.js';
import { ipv6At, readSysctls } from '../system/sysctl.js';

/** Indexes of both ends, each in its namespace. */
export interface LaneEnds {
  readonly inside: number;
  readonly host: number;
}

/**
 * `ip link add lane0 type veth peer name <end> netns <host>`, both up; one that is whole stays. The host's end speaks no IPv6
 * of its own, and forwards, for else the kernel tells its program no routes.
 */
export async function ensureLane(
  inside: Rtnetlink,
  host: Rtnetlink,
  home: HeldNamespace,
  end: string,
): Promise<LaneEnds> {
  const isWhole = (await findLink(inside, LANE)) !== undefined && (await findLink(host, end)) !== undefined;
  if (!isWhole) {
    await removeLink(inside, LANE);
    await removeLink(host, end);
    await home.lend((namespace) =>
      addLink(inside, { name: LANE, mtu: LANE_MTU, kind: 'veth', data: vethData({ name: end, namespace }, LANE_MTU) }),
    );
  }
  const settings = [{ name: forwardingOf(end), value: 1 }, ipv6At(end, false)];
  await changeSettings(home, settings);
  await setLink(host, end, { up: true });
  await setLink(inside, LANE, { mtu: LANE_MTU, up: true });
  const verb = `ip link set ${end} up`;
  return { inside: await linkIndex(inside, LANE, verb), host: await linkIndex(host, end, verb) };
}

/**
 * The host's end; undefined unless it is up and forwards. Its program drops all that is sent to other hosts where it does
 * not, and who turns the host's forwarding off (`ip_forward`) turns that of each link off.
 */
export async function soundEnd(host: Rtnetlink, home: HeldNamespace, end: string): Promise<KernelLink | undefined> {
  const link = await findLink(host, end);
  const name = forwardingOf(end);
  return link?.up && home.within(() => readSysctls([name])).get(name) === 1 ? link : undefined;
}

const forwardingOf = (end: string): string => `net/ipv4/conf/${end}/forwarding`;
