/** Veth pairs: `ip link add … type veth peer …`. */

import type { Mac } from '../../model/values/types.js';
import type { Attribute } from '../netlink/attributes.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { VETH_INFO_PEER } from '../netlink/uapi.js';
import { kernelError } from '../system/errno.js';
import { setPort } from './bridge-ports.js';
import { addLink, findLink, formatLink, linkIndex, removeLink, setLink } from './links.js';

export interface PortWish {
  readonly link: string;
  /** Bytes. */
  readonly mtu: number;
  readonly master: string;
  readonly alias: string;
}

/** The other end of a pair. */
export interface Peer {
  readonly name: string;
  /** Descriptor of the namespace that it is put into. */
  readonly namespace: number;
  readonly mac?: Mac;
  /** Sets it up, before the pair counts as ours. */
  readonly furnish?: () => Promise<unknown>;
}

/** What tells a veth about its other end. */
export const vethData = ({ name, namespace, mac }: Peer, mtu: number): readonly Attribute[] => [
  [VETH_INFO_PEER, formatLink(0, { name, mtu, namespace, ...(mac === undefined ? {} : { mac }) })],
];

/**
 * `ip link add <link> mtu <mtu> type veth peer name <peer> mtu <mtu> netns <namespace>`, then
 * `ip link set <link> master <master>`, `ip link set <link> type bridge_slave learning off flood off` and
 * `ip link set <link> alias <alias> up`. The other end stays down, unless `furnish` sets it up.
 *
 * `otherEnd` is asked once there is no old pair in its way. `guard` has its turn before the first frame can come through.
 *
 * Throws EEXIST when `link` belongs to something else, ENODEV when the bridge is missing, EXFULL when it has 1024
 * ports already.
 */
export async function ensurePort(
  inside: Rtnetlink,
  wish: PortWish,
  otherEnd: () => Promise<Peer>,
  guard: () => Promise<void> | undefined = () => undefined,
): Promise<void> {
  const verb = `ip link add ${wish.link} type veth`;
  const master = await linkIndex(inside, wish.master, `ip link set ${wish.link} master ${wish.master}`);
  const settle = async (): Promise<void> => {
    await setLink(inside, wish.link, { master });
    // A port that is down forwards and learns nothing, and what is told of one without alias is nobody's damage.
    await setPort(inside, wish.link);
    await setLink(inside, wish.link, { alias: wish.alias, up: true });
  };

  const existing = await findLink(inside, wish.link);
  if (existing?.kind === 'veth' && existing.alias === wish.alias) {
    await guard();
    return setLink(inside, existing.index, { mtu: wish.mtu }).then(settle);
  }
  // Without an alias it is half a pair of ours: we were killed before it got one.
  if (existing?.kind === 'veth' && existing.alias === '') await removeLink(inside, wish.link);
  else if (existing !== undefined) throw kernelError(verb, 'EEXIST');

  const peer = await otherEnd();
  await addLink(inside, { name: wish.link, mtu: wish.mtu, kind: 'veth', data: vethData(peer, wish.mtu) }, verb);
  await guard();
  await peer.furnish?.();
  await settle();
}
