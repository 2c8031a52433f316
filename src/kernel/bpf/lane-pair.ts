/** The pair that joins a network's namespace with the host's. Nothing but programs looks at what goes through it. */
import { LANE, LANE_MTU } from '../../model/values/names.js';
import { addLink, findLink, linkIndex, removeLink, setLink } from '../links/links.js';
import { vethData } from '../links/veth.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import type { HeldNamespace } from '../system/held-namespace.js';
import { changeSettings } from '../system/settings.js';
import { ipv6At } from '../system/sysctl.js';

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
  const settings = [{ name: `net/ipv4/conf/${end}/forwarding`, value: 1 }, ipv6At(end, false)];
  await changeSettings(home, settings);
  await setLink(host, end, { up: true });
  await setLink(inside, LANE, { mtu: LANE_MTU, up: true });
  const verb = `ip link set ${end} up`;
  return { inside: await linkIndex(inside, LANE, verb), host: await linkIndex(host, end, verb) };
}
