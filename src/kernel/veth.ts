/** Veth pairs: `ip link add … type veth peer …`. */
import type { Attribute } from './attributes.js';
import { kernelError } from './errno.js';
import { addLink, findLink, formatLink, linkIndex, removeLink, setLink } from './links.js';
import type { Rtnetlink } from './rtnetlink.js';
import { VETH_INFO_PEER } from './uapi.js';

export interface PortWish {
  readonly link: string;
  readonly containerEnd: string;
  /** Bytes. */
  readonly mtu: number;
  readonly master: string;
  readonly alias: string;
}

/** What tells a veth about its other end; `namespace` is where that is put. */
export const vethData = (peer: string, mtu: number, namespace: number): readonly Attribute[] => [
  [VETH_INFO_PEER, formatLink(0, { name: peer, mtu, namespace })],
];

/**
 * `ip link add <link> mtu <mtu> type veth peer name <containerEnd> mtu <mtu> netns <host>`, then
 * `ip link set <link> alias <alias> master <master> up`. The other end stays down: it is the engine's to fetch.
 *
 * Throws EEXIST when `link` belongs to something else, ENODEV when the bridge is missing, EXFULL when it has 1024
 * ports already.
 */
export async function ensurePort(host: Rtnetlink, hostFd: number, inside: Rtnetlink, wish: PortWish): Promise<void> {
  const verb = `ip link add ${wish.link} type veth peer name ${wish.containerEnd}`;
  const master = await linkIndex(inside, wish.master, `ip link set ${wish.link} master ${wish.master}`);
  const rest = { alias: wish.alias, master, up: true } as const;

  const existing = await findLink(inside, wish.link);
  if (existing?.kind === 'veth' && existing.alias === wish.alias)
    return setLink(inside, existing.index, { ...rest, mtu: wish.mtu });
  // Without an alias it is half a pair of ours: we were killed before it got one.
  if (existing?.kind === 'veth' && existing.alias === '') await removeLink(inside, wish.link);
  else if (existing !== undefined) throw kernelError(verb, 'EEXIST');

  await removeLink(host, wish.containerEnd);
  const data = vethData(wish.containerEnd, wish.mtu, hostFd);
  await addLink(inside, { name: wish.link, mtu: wish.mtu, kind: 'veth', data }, verb);
  await setLink(inside, wish.link, rest);
}
