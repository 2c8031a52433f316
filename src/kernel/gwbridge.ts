/** docker_gwbridge, which the engine makes once and never looks at again, whatever becomes of it. */
import type { Cidr } from '../model/values/types.js';
import { ensureAddress, type KernelAddress } from './links/addresses.js';
import { addLink, findLink, type KernelLink, listLinks, setLink } from './links/links.js';
import type { Rtnetlink } from './netlink/rtnetlink.js';

export const GWBRIDGE = 'docker_gwbridge';

interface Remembered {
  readonly link: KernelLink;
  readonly addresses: readonly Cidr[];
  /** Indexes of its ports, the host's ends of the containers' eth1. */
  readonly ports: readonly number[];
}

export class Gwbridge {
  private last: Remembered | undefined;

  constructor(private readonly host: Rtnetlink) {}

  /** The bridge as it is now, kept in mind for {@link rebuild}; undefined when there is none. */
  async look(addresses: readonly KernelAddress[]): Promise<KernelLink | undefined> {
    const links = await listLinks(this.host);
    const link = links.find((l) => l.name === GWBRIDGE && l.kind === 'bridge');
    if (link === undefined) return undefined;
    const ports = links.filter((l) => l.master === link.index).map((l) => l.index);
    this.last = { link, addresses: addresses.filter((a) => a.link === link.index).map((a) => a.address), ports };
    return link;
  }

  fit(mtu: number): Promise<void> {
    return setLink(this.host, GWBRIDGE, { mtu, up: true });
  }

  /**
   * Makes it again as last seen, with the ports that still stand, and gives their number. Without any the engine
   * itself has removed it (`docker network rm docker_gwbridge` works on an empty one only), and nothing is done.
   */
  async rebuild(): Promise<number> {
    if (this.last === undefined || (await findLink(this.host, GWBRIDGE)) !== undefined) return 0;
    const { link, addresses, ports } = this.last;
    const orphans = (await listLinks(this.host)).filter((l) => ports.includes(l.index) && l.master === 0);
    if (orphans.length === 0) return 0;
    // The same MAC: the containers have it in their neighbour tables.
    await addLink(this.host, { name: GWBRIDGE, kind: 'bridge', mac: link.mac });
    await setLink(this.host, GWBRIDGE, { mtu: link.mtu, up: true });
    for (const address of addresses) await ensureAddress(this.host, GWBRIDGE, address);
    const index = (await findLink(this.host, GWBRIDGE))?.index ?? 0;
    for (const port of orphans) await setLink(this.host, port.index, { master: index });
    return orphans.length;
  }
}
