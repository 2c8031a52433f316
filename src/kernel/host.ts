/** The host's kernel as the rest of tsoverlay sees it: HostKernel over netlink, setns and /proc/sys. */
import { Protocol } from 'netlink/dist/constants.js';
import type { Bearer } from '../model/diff/takeover.js';
import type { ObservedNamespace } from '../model/plan/observed.js';
import type { Step } from '../model/plan/steps.js';
import type { HostFacts, HostKernel } from '../model/ports/kernel-port.js';
import { NETNS_DIR, namespaceName } from '../model/values/names.js';
import type { NamespaceName, NetworkId } from '../model/values/types.js';
import { ShortWays } from './bpf/short-ways.js';
import { CryptSpaces } from './crypt/crypt-space.js';
import { Wireguard } from './crypt/wireguard.js';
import { readHostFacts } from './host-parts/facts.js';
import { announce } from './links/announcement.js';
import { findLink, listLinks } from './links/links.js';
import { removingNeighbour } from './links/neighbours.js';
import { Rtnetlink } from './netlink/rtnetlink.js';
import { Entries } from './networks/entries.js';
import { execute, type Workplace } from './networks/executors.js';
import { Namespaces } from './networks/namespaces.js';
import { observeNamespace } from './networks/observation.js';
import { Removals } from './networks/removals.js';
import type { Listener } from './networks/watcher.js';
import { canFilter } from './rules/port-filter.js';
import { HeldNamespace } from './system/held-namespace.js';
import { namespaceInode } from './system/namespace-file.js';
import { withNamespace } from './system/netns.js';
import { solicitOnce } from './system/sysctl.js';

export interface LinuxKernelOptions {
  /** The node's IP address on the underlay. */
  readonly advertise: string;
  /** Where namespaces are kept, the engine's own folder unless a test says otherwise. */
  readonly netnsDir?: string;
}

/** "The host" is the network namespace that the calling thread was in when this was made. */
export class LinuxKernel implements HostKernel {
  private readonly spaces: Namespaces;
  /** Of the WireGuard mesh that encrypts. */
  readonly mesh: CryptSpaces;
  private readonly generic = new Rtnetlink(Protocol.GENERIC);
  /** The host's own. */
  readonly wireguard = new Wireguard(this.generic);
  private readonly host = new Rtnetlink();
  private readonly home = new HeldNamespace();
  /** A kernel that lacks the module may yet get it. */
  private filtering = false;
  private readonly at: Workplace;
  readonly shortWays: ShortWays;

  constructor(private readonly options: LinuxKernelOptions) {
    this.shortWays = new ShortWays(this.host, this.home);
    this.spaces = new Namespaces(options.netnsDir ?? NETNS_DIR, (name, socket) => this.shortWays.of(name, socket));
    this.mesh = new CryptSpaces(options.netnsDir ?? NETNS_DIR);
    const [entries, removals] = [new Entries(this.spaces), new Removals(this.spaces)];
    this.at = { spaces: this.spaces, entries, removals, host: this.host, home: this.home, mesh: this.mesh };
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
    this.at.entries.forget(space);
    return observeNamespace(this.at, name, space, part);
  }

  isNamespace(path: string): boolean {
    return namespaceInode(path) !== undefined;
  }

  calm(path: string): void {
    withNamespace(path, solicitOnce);
  }

  async canFilter(): Promise<boolean> {
    this.filtering ||= await canFilter(this.home.path);
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
    announce(space.held, there);
  }

  hostFacts(): Promise<HostFacts> {
    return readHostFacts(this.host, this.options.advertise);
  }

  watch(name: NamespaceName, listener: Listener): Promise<void> {
    return this.spaces.watch(name, listener);
  }

  close(): void {
    this.spaces.close();
    this.shortWays.close();
    this.mesh.close();
    this.generic.close();
    this.host.close();
    this.home.close();
  }
}

const belongsTo = (alias: string, name: NamespaceName): boolean =>
  /^[0-9a-f]{64}$/.test(alias) && namespaceName(alias as NetworkId) === name;
