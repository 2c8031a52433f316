/** What a container sees of the network: its links, their addresses, and its way to somewhere. */
import type { Cidr, Ip, Mac } from '../../model/values/types.js';
import { listAddresses } from '../links/addresses.js';
import { listLinks } from '../links/links.js';
import { wayTo } from '../links/routes.js';
import { Rtnetlink } from '../netlink/rtnetlink.js';
import { withNamespace } from '../system/netns.js';

export interface SeenCard {
  readonly name: string;
  readonly mac: Mac;
  readonly mtu: number;
  readonly up: boolean;
  readonly addresses: readonly Cidr[];
}

export interface Inside {
  readonly cards: readonly SeenCard[];
  /** The link that packets leave by, and the router on the way where there is one; undefined without a way. */
  readonly way: { readonly link: string; readonly via?: Ip } | undefined;
}

/** `path`: of the container's namespace. Rejects with a KernelError, ENOENT when it is gone. */
export async function lookInside(path: string, to: Ip): Promise<Inside> {
  const socket = withNamespace(path, () => new Rtnetlink());
  try {
    const links = await listLinks(socket);
    const addresses = await listAddresses(socket);
    const way = await wayTo(socket, to);
    return {
      cards: links.map(({ index, name, mac, mtu, up }) => ({
        ...{ name, mac, mtu, up },
        addresses: addresses.filter(({ link }) => link === index).map(({ address }) => address),
      })),
      way: way && {
        link: links.find(({ index }) => index === way.link)?.name ?? `${way.link}`,
        ...(way.via === undefined ? {} : { via: way.via }),
      },
    };
  } finally {
    socket.close();
  }
}
