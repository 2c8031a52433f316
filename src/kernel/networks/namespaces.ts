/** The namespaces of networks, each with its netlink socket. */
import { mkdirSync, readdirSync } from 'node:fs';
import { hasCode } from '../../errors.js';
import { isNamespaceName } from '../../model/values/names.js';
import type { NamespaceName } from '../../model/values/types.js';
import type { ShortWay } from '../bpf/short-way.js';
import { listLinks, removeLink } from '../links/links.js';
import { closeInside, type Inside, openInside } from '../netlink/inside.js';
import { Rtnetlink } from '../netlink/rtnetlink.js';
import { PortFilters } from '../rules/port-filters.js';
import { kernelError } from '../system/errno.js';
import { namespaceInode, removeFile } from '../system/namespace-file.js';
import { createNamespace, mountNamespace, removeNamespace, withNamespace } from '../system/netns.js';
import { type Listener, Watcher } from './watcher.js';

/** How often it is looked whether a namespace's file is still mounted, which the kernel tells nobody, and its rules, ms. */
const LOOK_MS = 2_000;

/** An open namespace: kept, and with it the containers' links, when somebody unmounts its file. */
export interface Space extends Inside {
  readonly path: string;
  readonly inode: number;
  readonly filters: PortFilters;
  /** Absent where no network is: frames have the ordinary way alone. */
  readonly shortWay: ShortWay | undefined;
  watch?: { readonly watcher: Watcher; readonly look: NodeJS.Timeout };
}

export class Namespaces {
  /** An entry keeps its namespace alive: it ends with `remove`, or when another namespace has taken its place. */
  private readonly spaces = new Map<NamespaceName, Space>();

  /** `shortWayOf`: the short way of a namespace, by a socket in it. */
  constructor(
    private readonly dir: string,
    private readonly shortWayOf: (name: NamespaceName, socket: Rtnetlink) => ShortWay | undefined = () => undefined,
  ) {}

  pathOf(name: NamespaceName): string {
    return `${this.dir}/${name}`;
  }

  /** Files that are named like ours; the native overlay's are too. */
  async names(): Promise<readonly NamespaceName[]> {
    try {
      return readdirSync(this.dir).filter(isNamespaceName);
    } catch (e) {
      if (hasCode(e, 'ENOENT')) return [];
      throw e;
    }
  }

  /**
   * Undefined when there is no file, or only a plain one, and we do not hold it open either. The inode tells a
   * namespace from its successor.
   */
  async open(name: NamespaceName): Promise<Space | undefined> {
    const path = this.pathOf(name);
    const inode = namespaceInode(path);
    const known = this.spaces.get(name);
    if (known !== undefined && (inode === undefined || known.inode === inode)) return known;
    if (known !== undefined) {
      await this.retire(name);
      return this.open(name);
    }
    if (inode === undefined) return undefined;
    const inside = openInside(path);
    const [filters, shortWay] = [new PortFilters(inside.held), this.shortWayOf(name, inside.socket)];
    const space: Space = { path, inode, ...inside, filters, shortWay };
    this.spaces.set(name, space);
    return space;
  }

  /** Throws ENOENT when there is none. */
  async require(name: NamespaceName): Promise<Space> {
    const space = await this.open(name);
    if (space === undefined) throw kernelError(`ip netns exec ${name}`, 'ENOENT');
    return space;
  }

  isMounted(space: Space): boolean {
    return namespaceInode(space.path) === space.inode;
  }

  /** Mounts a namespace that we hold open on its file again. */
  remount(space: Space): void {
    if (this.isMounted(space)) return;
    removeFile(space.path);
    mountNamespace(space.held.path, space.path);
  }

  /** Tells what happens in it until it is removed; once per namespace, however often it is asked for. */
  async watch(name: NamespaceName, listener: Listener): Promise<void> {
    const space = await this.open(name);
    if (space === undefined || space.watch !== undefined || !this.isMounted(space)) return;
    const watcher = withNamespace(space.path, () => new Watcher(listener));
    const look = setInterval(() => {
      if (!this.isMounted(space)) listener([{ kind: 'unmounted' }]);
      if (space.filters.changed()) listener([{ kind: 'rules' }]);
      void space.shortWay?.changed().then((isChanged) => isChanged && listener([{ kind: 'hooks' }]), ignored);
    }, LOOK_MS).unref();
    space.watch = { watcher, look };
    watcher.learn(await listLinks(space.socket));
  }

  /** Looks into a namespace that may be somebody else's: nothing of it is kept open. */
  async visit<T>(name: NamespaceName, look: (socket: Rtnetlink) => Promise<T>): Promise<T | undefined> {
    const known = this.spaces.get(name);
    const path = this.pathOf(name);
    const inode = namespaceInode(path);
    if (inode === undefined) return undefined;
    if (known !== undefined && known.inode === inode) return look(known.socket);
    const socket = withNamespace(path, () => new Rtnetlink());
    try {
      return await look(socket);
    } finally {
      socket.close();
    }
  }

  /** `ip netns add`; one that is there already is taken over. A plain file is what an unclean stop left. */
  async create(name: NamespaceName): Promise<Space> {
    const existing = await this.open(name);
    if (existing !== undefined) {
      this.remount(existing);
      return existing;
    }
    mkdirSync(this.dir, { recursive: true });
    removeFile(this.pathOf(name));
    createNamespace(this.pathOf(name));
    return this.require(name);
  }

  /** `ip netns delete`; success when it is gone. Its VNIs are free at once. */
  async remove(name: NamespaceName): Promise<void> {
    await this.open(name);
    await this.retire(name);
    removeNamespace(this.pathOf(name));
  }

  /** The namespaces stay. */
  close(): void {
    for (const space of this.spaces.values()) this.letGo(space);
    this.spaces.clear();
  }

  /** The kernel ends a namespace some time after its last user, and its VXLAN devices would keep their VNIs so long. */
  private async retire(name: NamespaceName): Promise<void> {
    const space = this.spaces.get(name);
    if (space === undefined) return;
    this.spaces.delete(name);
    try {
      await space.shortWay?.remove();
      for (const link of await listLinks(space.socket))
        if (link.kind === 'vxlan') await removeLink(space.socket, link.name);
    } finally {
      this.letGo(space);
    }
  }

  private letGo(space: Space): void {
    const { watch, filters, shortWay } = space;
    watch?.watcher.close();
    clearInterval(watch?.look);
    filters.close();
    shortWay?.close();
    closeInside(space);
  }
}

/** What could not be looked at is looked at again. */
const ignored = (): void => {};
