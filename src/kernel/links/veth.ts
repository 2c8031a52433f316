/** Veth pairs: `ip link add … type veth peer …`. */

import { isKernelError } from '../../errors.js';
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
 * `ip link add <link> mtu <mtu> master <master> type veth peer name <peer> mtu <mtu> netns <namespace>`, then
 * `ip link set <link> alias <alias> up type bridge_slave learning off flood off`. The other end stays down, unless
 * `furnish` sets it up. Each request is waited for by a container that starts: what may be in the way is looked for when
 * something is.
 *
 * `otherEnd` is asked for a place where no old pair is; `isTaken`: the pair did not go there, for something has its name.
 * `guard` has its turn before the first frame can come through.
 *
 * Throws EEXIST when `link` belongs to something else, ENODEV when the bridge is missing, EXFULL when it has 1024
 * ports already.
 */
export async function ensurePort(
  inside: Rtnetlink,
  wish: PortWish,
  otherEnd: (isTaken: boolean) => Promise<Peer>,
  guard: () => Promise<void> | undefined = () => undefined,
): Promise<void> {
  const verb = `ip link add ${wish.link} type veth`;
  const master = await linkIndex(inside, wish.master, `ip link set ${wish.link} master ${wish.master}`);
  const add = (peer: Peer): Promise<void> =>
    addLink(inside, { name: wish.link, mtu: wish.mtu, master, kind: 'veth', data: vethData(peer, wish.mtu) }, verb);
  // A port that is down forwards and learns nothing, and what is told of one without alias is nobody's damage.
  const open = (): Promise<void> => setPort(inside, wish.link, { alias: wish.alias, up: true });

  let peer = await otherEnd(false);
  try {
    await add(peer);
  } catch (e) {
    if (!isKernelError(e, 'EEXIST')) throw e;
    if (await isOurs(inside, wish, verb)) {
      await guard();
      await setLink(inside, wish.link, { mtu: wish.mtu, master });
      return open();
    }
    peer = await otherEnd(true);
    await add(peer);
  }
  await guard();
  await peer.furnish?.();
  await open();
}

/** False where there is none: half a pair of ours goes. Throws EEXIST for anything else. */
async function isOurs(inside: Rtnetlink, { link, alias }: PortWish, verb: string): Promise<boolean> {
  const existing = await findLink(inside, link);
  if (existing?.kind === 'veth' && existing.alias === alias) return true;
  // Without an alias it is half a pair of ours: we were killed before it got one.
  if (existing?.kind === 'veth' && existing.alias === '') await removeLink(inside, link);
  else if (existing !== undefined) throw kernelError(verb, 'EEXIST');
  return false;
}
