/**
 * Entries of the tables (neighbours, FDBs): there are thousands, so that those asked for in one turn go to the kernel
 * together, with one send for dozens and one look at each link. Each keeps an error of its own.
 */
import { isKernelError } from '../../errors.js';
import type { NamespaceName } from '../../model/values/types.js';
import type { EntryChange } from '../links/entry-change.js';
import { findLink } from '../links/links.js';
import { MOST_AT_ONCE } from '../netlink/rtnetlink.js';
import { kernelError } from '../system/errno.js';
import { changeSettings } from '../system/settings.js';
import { ipv6On } from '../system/sysctl.js';
import type { Namespaces, Space } from './namespaces.js';

export interface Wish {
  readonly change: EntryChange;
  /** IPv6 is off on a link until something of it is wanted. */
  readonly ipv6: boolean;
}

interface Waiting extends Wish {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Entries {
  private readonly waiting = new Map<NamespaceName, Waiting[]>();

  constructor(private readonly spaces: Namespaces) {}

  /**
   * Done by the end of a later turn, in the order of asking. Rejects with the KernelError of this change alone: ENODEV
   * without the link; ENOENT without the namespace, unless there would be nothing left to take away.
   */
  change(name: NamespaceName, wish: Wish): Promise<void> {
    return new Promise((resolve, reject) => {
      const others = this.waiting.get(name);
      const entry = { ...wish, resolve, reject };
      if (others !== undefined) others.push(entry);
      else {
        this.waiting.set(name, [entry]);
        setImmediate(() => void this.flush(name));
      }
    });
  }

  private async flush(name: NamespaceName): Promise<void> {
    const all = this.waiting.get(name) ?? [];
    this.waiting.delete(name);
    for (let i = 0; i < all.length; i += MOST_AT_ONCE) {
      const some = all.slice(i, i + MOST_AT_ONCE);
      try {
        await this.send(name, some);
      } catch (e) {
        for (const { reject } of some) reject(e);
      }
    }
  }

  private async send(name: NamespaceName, all: readonly Waiting[]): Promise<void> {
    const space = await this.spaces.open(name);
    const indexes = space && (await this.indexesOf(space, all));
    const ready = all.flatMap((wish) => {
      const index = indexes?.get(wish.change.link);
      if (index !== undefined) return [{ wish, payload: wish.change.payload(index) }];
      const missing = kernelError(`ip netns exec ${name}`, 'ENOENT');
      conclude(wish, space === undefined ? missing : kernelError(wish.change.verb, 'ENODEV'));
      return [];
    });
    if (space === undefined || ready.length === 0) return;
    const requests = ready.map(({ wish: { change }, payload }) => ({ ...change, payload }));
    const errors = await space.socket.all(requests);
    for (const [i, { wish }] of ready.entries()) conclude(wish, errors[i]);
  }

  /** Of the links that are there; those that need it have IPv6 then. */
  private async indexesOf(space: Space, all: readonly Waiting[]): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    for (const link of new Set(all.map(({ change }) => change.link))) {
      const index = (await findLink(space.socket, link))?.index;
      if (index === undefined) continue;
      found.set(link, index);
      if (all.some(({ change, ipv6 }) => ipv6 && change.link === link)) await changeSettings(space.held, ipv6On(link));
    }
    return found;
  }
}

function conclude({ change, resolve, reject }: Waiting, error: unknown): void {
  if (error === undefined || change.fine.some((code) => isKernelError(error, code))) resolve();
  else reject(error);
}
