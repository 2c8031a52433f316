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
  /** Of each namespace's links by name, as they were found last. */
  private readonly indexes = new WeakMap<Space, Map<string, number>>();

  constructor(private readonly spaces: Namespaces) {}

  /**
   * Done by the end of a later turn, in the order of asking. Rejects with the KernelError of this change alone: ENODEV
   * without the link; ENOENT without the namespace, unless there would be nothing left to take away.
   */
  change(name: NamespaceName, wish: Wish): Promise<void> {
    return new Promise((resolve, reject) => {
      const others = this.waiting.get(name);
      const entry = { resolve, reject, ...wish };
      if (others !== undefined) others.push(entry);
      else {
        this.waiting.set(name, [entry]);
        setImmediate(() => void this.flush(name));
      }
    });
  }

  /** Whoever looks at all links finds one under another name, too. */
  forget(space: Space): void {
    this.indexes.delete(space);
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
    if (space === undefined) {
      for (const wish of all) conclude(wish, kernelError(`ip netns exec ${name}`, 'ENOENT'));
      return;
    }
    const known = this.indexes.get(space) ?? new Map<string, number>();
    this.indexes.set(space, known);
    // A link that was made anew has another index, and the kernel does not know the former one.
    const remembered = new Set(known.keys());
    const errors = await this.sendTo(space, all, known);
    const again = all.filter(({ change: { link } }, i) => remembered.has(link) && isKernelError(errors[i], 'ENODEV'));
    for (const { change } of again) known.delete(change.link);
    const others = again.length === 0 ? [] : await this.sendTo(space, again, known);
    for (const [i, wish] of all.entries()) {
      const at = again.indexOf(wish);
      conclude(wish, at < 0 ? errors[i] : others[at]);
    }
  }

  /** Gives each one's error, undefined for success. */
  private async sendTo(space: Space, all: readonly Waiting[], known: Map<string, number>): Promise<readonly unknown[]> {
    await this.look(space, all, known);
    const requests = all.flatMap(({ change: { verb, type, flags, link, payload } }) => {
      const index = known.get(link);
      return index === undefined ? [] : [{ verb, type, flags, payload: payload(index) }];
    });
    const answers = requests.length === 0 ? [] : await space.socket.all(requests);
    let at = 0;
    return all.map(({ change }) => (known.has(change.link) ? answers[at++] : kernelError(change.verb, 'ENODEV')));
  }

  /** Finds the links that are not known; those that need it have IPv6 then. */
  private async look(space: Space, all: readonly Waiting[], known: Map<string, number>): Promise<void> {
    for (const link of new Set(all.map(({ change }) => change.link))) {
      const index = known.get(link) ?? (await findLink(space.socket, link))?.index;
      if (index === undefined) continue;
      known.set(link, index);
      if (all.some(({ change, ipv6 }) => ipv6 && change.link === link)) await changeSettings(space.held, ipv6On(link));
    }
  }
}

function conclude({ change, resolve, reject }: Waiting, error: unknown): void {
  if (error === undefined || change.fine.some((code) => isKernelError(error, code))) resolve();
  else reject(error);
}
