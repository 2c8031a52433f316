/** Links of namespaces that go: those asked for in one turn go at once, for the whole host waits meanwhile. */
import type { NamespaceName } from '../../model/values/types.js';
import { removeLinks } from '../links/links.js';
import type { Namespaces } from './namespaces.js';

interface Waiting {
  readonly links: string[];
  readonly done: Promise<void>;
}

export class Removals {
  private readonly waiting = new Map<NamespaceName, Waiting>();

  constructor(private readonly spaces: Namespaces) {}

  /**
   * Done by the end of a later turn; success when the link is gone, or its namespace. Rejects with the KernelError of any
   * that was asked for with it.
   */
  remove(name: NamespaceName, link: string): Promise<void> {
    const others = this.waiting.get(name);
    if (others !== undefined) {
      others.links.push(link);
      return others.done;
    }
    const links = [link];
    const done = new Promise<void>((resolve, reject) =>
      setImmediate(() => {
        this.waiting.delete(name);
        this.flush(name, links).then(resolve, reject);
      }),
    );
    this.waiting.set(name, { links, done });
    return done;
  }

  private async flush(name: NamespaceName, links: readonly string[]): Promise<void> {
    const space = await this.spaces.open(name);
    if (space !== undefined) await removeLinks(space.socket, links);
  }
}
