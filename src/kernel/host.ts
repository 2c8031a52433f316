/** The host's kernel as the rest of tsoverlay sees it: HostKernel over netlink, setns and /proc/sys. */
import { closeSync, openSync } from 'node:fs';
import { Protocol } from 'netlink/dist/constants.js';
import type { Bearer } from '../model/diff/takeover.js';
import type { ObservedLink, ObservedNamespace } from '../model/plan/observed.js';
import { learns } from '../model/plan/quiet.js';
import type { Step } from '../model/plan/steps.js';
import type { CryptKernel } from '../model/ports/crypt-port.js';
import type { HostFacts, HostKernel } from '../model/ports/ports.js';
import { networkOf } from '../model/values/address.js';
import { NETNS_DIR, namespaceName } from '../model/values/names.js';
import { MTU_RANGE } from '../model/values/shapes.js';
import type { NamespaceName, NetworkId, PublicKey } from '../model/values/types.js';
import { LinuxCrypt } from './crypt/crypt-kernel.js';
import { CryptSpaces } from './crypt/crypt-space.js';
import { Wireguard } from './crypt/wireguard.js';
import { GWBRIDGE, Gwbridge } from './gwbridge.js';
import { listAddresses } from './links/addresses.js';
import { announce } from './links/announcement.js';
import { readPortFlags } from './links/bridge-ports.js';
import { readBridge } from './links/bridges.js';
import { listFdb } from './links/fdb.js';
import { findLink, type KernelLink, listLinks } from './links/links.js';
import { type KernelNeighbour, listNeighbours, removingNeighbour } from './links/neighbours.js';
import { occupiedNetworks, uplinks } from './links/routes.js';
import { readVxlan } from './links/vxlan.js';
import { Rtnetlink } from './netlink/rtnetlink.js';
import { linkFilter } from './netlink/socket-filter.js';
import { RTNLGRP } from './netlink/uapi.js';
import { Entries } from './networks/entries.js';
import { execute, type Workplace } from './networks/executors.js';
import { Namespaces } from './networks/namespaces.js';
import { type Listener, Watcher } from './networks/watcher.js';
import { canFilter } from './rules/port-filters.js';
import { kernelError } from './system/errno.js';
import { namespaceInode } from './system/namespace-file.js';
import { OWN_NETNS, withNamespace } from './system/netns.js';
import { checksSources, solicitOnce } from './system/sysctl.js';

/** What any link carries. */
const ETHERNET_MTU = 1500;

export interface LinuxKernelOptions {
  /** The node's IP address on the underlay. */
  readonly advertise: string;
  /** Where namespaces are kept, the engine's own folder unless a test says otherwise. */
  readonly netnsDir?: string;
  /** 32 bytes, of one of this host's own keys; absent on a host that has none. */
  readonly privateKey?: (key: PublicKey) => Buffer | undefined;
}

/** "The host" is the network namespace that the calling thread was in when this was made. */
export class LinuxKernel implements HostKernel {
  private readonly spaces: Namespaces;
  private readonly meshSpaces: CryptSpaces;
  /** The WireGuard mesh that encrypts. */
  readonly mesh: CryptKernel;
  private readonly host = new Rtnetlink();
  private readonly generic = new Rtnetlink(Protocol.GENERIC);
  private readonly hostFd = openSync(OWN_NETNS, 'r');
  private readonly gwbridge = new Gwbridge(this.host);
  /** A kernel that lacks the module may yet get it. */
  private filtering = false;
  private hostWatcher: Watcher | undefined;
  private readonly at: Workplace;

  constructor(private readonly options: LinuxKernelOptions) {
    this.spaces = new Namespaces(options.netnsDir ?? NETNS_DIR);
    this.meshSpaces = new CryptSpaces(options.netnsDir ?? NETNS_DIR);
    const entries = new Entries(this.spaces);
    this.at = { spaces: this.spaces, entries, host: this.host, hostFd: this.hostFd, mesh: this.meshSpaces };
    this.mesh = new LinuxCrypt({
      ...{ spaces: this.meshSpaces, host: this.host, onHost: new Wireguard(this.generic) },
      privateKey: options.privateKey ?? (() => undefined),
    });
  }

  async namespaces(): Promise<readonly NamespaceName[]> {
    const ours: NamespaceName[] = [];
    for (const name of await this.spaces.names()) {
      const bridge = await this.spaces.visit(name, (socket) => findLink(socket, 'br0'));
      if (bridge?.kind === 'bridge' && belongsTo(bridge.alias, name)) ours.push(name);
    }
    return ours;
  }

  async observe(name: NamespaceName, part?: 'devices'): Promise<ObservedNamespace | undefined> {
    const space = await this.spaces.open(name);
    if (space === undefined) return undefined;
    const links = await listLinks(space.socket);
    const addresses = await listAddresses(space.socket);
    const filters = await space.filters.observe(new Map(links.map((l) => [l.name, l.index])));
    const nameOf = namesOf(links);
    const mesh = links.some((l) => l.kind === 'vxlan') ? await this.meshSpaces.numberFor(space.socket) : undefined;
    const seen = links.map((l) => observed(l, nameOf, mesh));
    const learning = seen.some(learns);
    const vxlans = new Set(links.filter((l) => l.kind === 'vxlan').map((l) => l.index));
    const neighbours: KernelNeighbour[] = [];
    const all = part === undefined;
    for (const vxlan of all ? vxlans : []) neighbours.push(...(await listNeighbours(space.socket, vxlan)));
    const fdb = learning || !all ? { vteps: [], statics: [] } : await listFdb(space.socket);
    return {
      name,
      ...(this.spaces.isMounted(space) ? {} : { unmounted: true }),
      ...(learning ? { learning } : {}),
      checksSources: this.spaces.within(space, checksSources),
      links: seen,
      addresses: addresses.map((a) => ({ link: nameOf(a.link), address: a.address })),
      neighbours: neighbours.map((n) => ({ link: nameOf(n.link), ip: n.ip, mac: n.mac })),
      fdb: fdb.vteps.filter((n) => vxlans.has(n.link)).map((n) => ({ link: nameOf(n.link), mac: n.mac, vtep: n.ip })),
      statics: fdb.statics.map((s) => ({ link: nameOf(s.link), mac: s.mac })),
      filters,
    };
  }

  isNamespace(path: string): boolean {
    return namespaceInode(path) !== undefined;
  }

  calm(path: string): void {
    withNamespace(path, solicitOnce);
  }

  canFilter(): boolean {
    this.filtering ||= canFilter(`/proc/thread-self/fd/${this.hostFd}`);
    return this.filtering;
  }

  async apply(step: Step): Promise<void> {
    await execute(this.at, step);
  }

  async announce(name: NamespaceName, bearers: readonly Bearer[]): Promise<void> {
    const space = await this.spaces.open(name);
    if (space === undefined) return;
    const links = new Map((await listLinks(space.socket)).map((l) => [l.name, l.index]));
    const there = bearers.flatMap(({ bridge, ip, mac }) => {
      const index = links.get(bridge);
      return index === undefined ? [] : [{ bridge, index, ip, mac }];
    });
    // The gateway's own; the containers' are theirs.
    const forgotten = there.map(({ bridge, ip, mac }) =>
      this.at.entries.change(name, { change: removingNeighbour('ip', bridge, mac, ip), ipv6: false }),
    );
    await Promise.all(forgotten);
    this.spaces.within(space, () => announce(there));
  }

  async hostFacts(): Promise<HostFacts> {
    const addresses = await listAddresses(this.host);
    const own = addresses.find((a) => a.address.startsWith(`${this.options.advertise}/`));
    const underlay = own === undefined ? undefined : await findLink(this.host, own.link);
    if (underlay === undefined) throw kernelError(`ip address show to ${this.options.advertise}`, 'ENODEV');
    const gwbridge = await this.gwbridge.look(addresses);
    const routes = await occupiedNetworks(this.host, addresses);
    const onGwbridge = addresses.filter((a) => a.link === gwbridge?.index).map((a) => networkOf(a.address));
    return {
      ...(gwbridge === undefined ? {} : { gwbridge: observed(gwbridge, () => '') }),
      // Without its link-local one, which is everywhere.
      gwbridgeNetworks: onGwbridge.filter((cidr) => routes.includes(cidr)),
      routes,
      underlayMtu: await this.mtuOf(underlay),
    };
  }

  /** A host that routes has its address on lo, of no use as a measure: the narrowest of its ways out is meant. */
  private async mtuOf(link: KernelLink): Promise<number> {
    if (link.mtu <= MTU_RANGE.max) return link.mtu;
    const found = await Promise.all((await uplinks(this.host)).map((index) => findLink(this.host, index)));
    const mtus = found.flatMap((l) => (l === undefined ? [] : [l.mtu]));
    return Math.min(...(mtus.length === 0 ? [ETHERNET_MTU] : mtus), MTU_RANGE.max);
  }

  fitGwbridge(mtu: number): Promise<void> {
    return this.gwbridge.fit(mtu);
  }

  rebuildGwbridge(): Promise<number> {
    return this.gwbridge.rebuild();
  }

  watch(name: NamespaceName, listener: Listener): Promise<void> {
    return this.spaces.watch(name, listener);
  }

  watchGwbridge(listener: Listener): void {
    const path = `/proc/thread-self/fd/${this.hostFd}`;
    const tell: Listener = (notices) => {
      const about = notices.filter((n) => n.kind === 'lost' || (n.kind === 'link' && n.link === GWBRIDGE));
      if (about.length > 0) listener(about);
    };
    this.hostWatcher ??= withNamespace(
      path,
      () => new Watcher(tell, { groups: [RTNLGRP.LINK], filter: linkFilter(GWBRIDGE) }),
    );
  }

  close(): void {
    this.hostWatcher?.close();
    this.spaces.close();
    this.meshSpaces.close();
    this.generic.close();
    this.host.close();
    closeSync(this.hostFd);
  }
}

/** Names of a dump's links by index; empty for 0 and for what has come since. */
const namesOf = (links: readonly KernelLink[]): ((index: number) => string) => {
  const names = new Map(links.map((l) => [l.index, l.name]));
  return (index) => names.get(index) ?? '';
};

/** `mesh`: the number of its namespace in the link's; undefined where there is none. */
const observed = (
  { data, portData, origin, ...link }: KernelLink,
  nameOf: (index: number) => string,
  mesh?: number,
): ObservedLink => ({
  ...link,
  master: nameOf(link.master),
  ...(link.kind === 'vxlan'
    ? { vxlan: { ...readVxlan(data), ...(origin !== undefined && origin === mesh ? { meshed: true } : {}) } }
    : {}),
  ...(link.kind === 'bridge' ? { bridge: readBridge(data) } : {}),
  ...(link.master === 0 ? {} : { port: readPortFlags(portData) }),
});

const belongsTo = (alias: string, name: NamespaceName): boolean =>
  /^[0-9a-f]{64}$/.test(alias) && namespaceName(alias as NetworkId) === name;
