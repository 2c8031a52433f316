/** VXLAN devices: `ip link add … type vxlan`. */
import { getU8, getU16be, getU32, putU8, putU16, putU16be, putU32 } from 'netlink/dist/structs.js';
import { isKernelError, UserError } from '../../errors.js';
import type { ObservedLink } from '../../model/plan/observed.js';
import { vxlanBirthName } from '../../model/values/names.js';
import type { Ip } from '../../model/values/types.js';
import { type Attribute, ipBytes, message, readAttributes, readIp } from '../netlink/attributes.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { AF, FLAG_BULK, IFLA_VXLAN, NDA, NTF_SELF, NUD_NOARP, NUD_PERMANENT, RTM } from '../netlink/uapi.js';
import { kernelError } from '../system/errno.js';
import { setPort } from './bridge-ports.js';
import { addLink, changeLink, findLink, type KernelLink, linkIndex, removeLink, setLink } from './links.js';
import { neighbourHeader } from './neighbours.js';

export type VxlanFacts = NonNullable<ObservedLink['vxlan']>;

/**
 * What the native overlay driver sets, but without learning, for every MAC is in the cluster's records, and without
 * l2miss and l3miss: nobody listens, and each unknown address that a container asks for would be told. An IPv6 underlay
 * is asked for by an unspecified IPv6 group: without one the kernel takes no IPv6 VTEP (EAFNOSUPPORT), see iproute2
 * commit 97d564b90ccb.
 */
export const vxlanData = (
  vni: number,
  local: string | undefined,
  port: number,
  proxy: boolean,
): readonly Attribute[] => [
  [IFLA_VXLAN.ID, putU32(vni)],
  // A host of several addresses would send from whichever its route prefers, and others let its VTEP alone in.
  [local?.includes(':') ? IFLA_VXLAN.LOCAL6 : IFLA_VXLAN.LOCAL, local === undefined ? undefined : ipBytes(local)],
  [IFLA_VXLAN.PORT, putU16be(port)],
  [IFLA_VXLAN.LEARNING, putU8(0)],
  // With it the device answers ARP and neighbour discovery, and sends none of it on.
  [IFLA_VXLAN.PROXY, putU8(proxy ? 1 : 0)],
  [IFLA_VXLAN.GROUP6, local?.includes(':') ? Buffer.alloc(16) : undefined],
];

export function readVxlan(data: Buffer): VxlanFacts {
  const attributes = readAttributes(data);
  const local = attributes.get(IFLA_VXLAN.LOCAL) ?? attributes.get(IFLA_VXLAN.LOCAL6);
  const flag = (type: number): boolean => getU8(attributes.get(type) ?? putU8(0)) !== 0;
  return {
    vni: getU32(attributes.get(IFLA_VXLAN.ID) ?? putU32(0)),
    port: getU16be(attributes.get(IFLA_VXLAN.PORT) ?? putU16be(0)),
    ...(local === undefined ? {} : { local: readIp(local) }),
    learning: flag(IFLA_VXLAN.LEARNING),
    proxy: flag(IFLA_VXLAN.PROXY),
  };
}

export interface VxlanWish {
  readonly link: string;
  readonly vni: number;
  /** Bytes. */
  readonly mtu: number;
  /** Name of the bridge. */
  readonly master: string;
  /** The node's VTEP; a device can send to its family alone. Absent: the route decides, and it is IPv4. */
  readonly local?: string;
  /** UDP. */
  readonly port: number;
  /** Instead of answering for the others, it sends on what asks for them. */
  readonly flooding?: { readonly gateways: readonly Ip[] };
}

/**
 * `ip link add <link> netns <inside> mtu <mtu> type vxlan id <vni> local <local> dstport <port> nolearning proxy`, then
 * `ip link set … master <master>`, `ip link set … type bridge_slave learning off flood off` and
 * `ip link set … name <link> up` in there.
 *
 * The request goes to the socket of `home`, for the device's UDP socket belongs to the namespace that asks, whichever
 * namespace the device is put into. It is born right inside, where no udev or NetworkManager of the host sees it,
 * yet under a name of its own: the kernel looks in the asking namespace whether a name is free.
 *
 * Throws EEXIST when another device of the host has the VNI, or the name belongs to something else; ENODEV when the
 * bridge is missing; a UserError when another program has the port.
 */
export async function ensureVxlan(
  /** In the namespace that its UDP socket shall belong to. */
  home: Rtnetlink,
  inside: Rtnetlink,
  insideFd: number,
  wish: VxlanWish,
  /** Has its turn when the device has its name, before the first frame comes through. */
  guard: () => Promise<void> | undefined = () => undefined,
) {
  const verb = `ip link add ${wish.link} type vxlan id ${wish.vni}`;
  const master = await linkIndex(inside, wish.master, `ip link set ${wish.link} master ${wish.master}`);
  const settle = async ({ index, name }: Pick<KernelLink, 'index' | 'name'>): Promise<void> => {
    await setLink(inside, index, { mtu: wish.mtu, master });
    // A port that is down forwards and learns nothing, and what is told under its first name is nobody's damage.
    await setPort(inside, name);
    await setLink(inside, index, { name: wish.link });
    await guard();
    await raiseLink(inside, wish.link);
  };

  const existing = await findLink(inside, wish.link);
  if (existing?.kind === 'vxlan' && readVxlan(existing.data).vni === wish.vni) return settle(existing);
  if (existing !== undefined) throw kernelError(verb, 'EEXIST');

  const birth = vxlanBirthName(wish.vni);
  // Left over when we were killed between the birth and the naming.
  await removeLink(inside, birth);
  const data = vxlanData(wish.vni, wish.local, wish.port, wish.flooding === undefined);
  await addLink(home, { name: birth, mtu: wish.mtu, namespace: insideFd, kind: 'vxlan', data }, verb);
  await settle({ index: await linkIndex(inside, birth, verb), name: birth });
}

/**
 * `ip link set <link> up`, of any kind. A VXLAN device opens its UDP socket with that: throws a UserError where another
 * program has the port.
 */
export async function raiseLink(socket: Rtnetlink, name: string): Promise<void> {
  try {
    await setLink(socket, name, { up: true });
  } catch (e) {
    const link = isKernelError(e, 'EADDRINUSE') ? await findLink(socket, name) : undefined;
    if (link?.kind !== 'vxlan') throw e;
    const { port } = readVxlan(link.data);
    throw new UserError(
      `UDP port ${port} of this host is in use by another program (ss -ulpn "sport = :${port}" names it); stop that, or set another VXLAN_PORT on all hosts`,
    );
  }
}

/**
 * `ip link set <link> type vxlan nolearning`, then what it learned: `bridge fdb flush dev <link> self nopermanent
 * nostatic`. A kernel before 6.7 cannot flush, and lets entries age out within five minutes.
 */
export async function stopLearning(socket: Rtnetlink, link: string): Promise<void> {
  await changeLink(socket, link, { kind: 'vxlan', data: [[IFLA_VXLAN.LEARNING, putU8(0)]] });
  const verb = `bridge fdb flush dev ${link} self`;
  const head = neighbourHeader(AF.BRIDGE, await linkIndex(socket, link, verb), 0, NTF_SELF);
  const learned = message(head, [[NDA.NDM_STATE_MASK, putU16(NUD_PERMANENT | NUD_NOARP)]]);
  try {
    await socket.request(verb, RTM.DELNEIGH, FLAG_BULK, learned);
  } catch (e) {
    if (!isKernelError(e, 'EOPNOTSUPP', 'EINVAL')) throw e;
  }
}
