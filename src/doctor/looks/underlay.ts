/** The host's own interfaces and routes, as the kernel has them. */

import { listAddresses } from '../../kernel/links/addresses.js';
import { listLinks } from '../../kernel/links/links.js';
import { linkTowards } from '../../kernel/links/routes.js';
import type { Rtnetlink } from '../../kernel/netlink/rtnetlink.js';
import { contains, familyOf, ipPart, networkOf, parseCidr } from '../../model/values/address.js';
import type { Cidr } from '../../model/values/types.js';

export interface UnderlayLook {
  /** Name of the interface that has this host's address; undefined where none has it. */
  readonly link: string | undefined;
  readonly linkIndex: number | undefined;
  /** To the other hosts; none where that interface has no network (`lo`), for then they may come by any. */
  readonly ways: ReadonlyMap<string, WayLook>;
  /** Networks by the name of the interface that has an address in them. */
  readonly networks: readonly { readonly link: string; readonly network: Cidr }[];
  readonly links: readonly LinkLook[];
}

export interface WayLook {
  /** The interface by which packets to that host leave. */
  readonly by: string;
  /** It is not on the network of this host's address. */
  readonly isRouted: boolean;
}

export interface LinkLook {
  readonly name: string;
  readonly kind: string;
  /** Bytes. */
  readonly mtu: number;
  readonly up: boolean;
}

/** `peers`: addresses of the other hosts. Rejects with a KernelError. */
export async function lookAtUnderlay(
  host: Rtnetlink,
  advertise: string,
  peers: readonly string[],
): Promise<UnderlayLook> {
  const [links, addresses] = [await listLinks(host), await listAddresses(host)];
  const nameOf = (index: number): string => links.find((l) => l.index === index)?.name ?? `link ${index}`;
  const own = addresses.find((a) => ipPart(a.address) === advertise);
  const network = own === undefined || isAlone(own.address) ? undefined : networkOf(own.address);
  const ways = new Map<string, WayLook>();
  for (const peer of network === undefined ? [] : peers) {
    if (peer === advertise || network === undefined || familyOf(peer) !== familyOf(advertise)) continue;
    const index = await linkTowards(host, peer);
    if (index !== undefined) ways.set(peer, { by: nameOf(index), isRouted: !contains(network, peer) });
  }
  return {
    link: own && nameOf(own.link),
    linkIndex: own?.link,
    ways,
    networks: addresses.map((a) => ({ link: nameOf(a.link), network: networkOf(a.address) })),
    links: links.map(({ name, kind, mtu, up }) => ({ name, kind, mtu, up })),
  };
}

/** Of a network of one address. */
const isAlone = (cidr: Cidr): boolean => {
  const { prefix, family } = parseCidr(cidr);
  return prefix === (family === 4 ? 32 : 128);
};
