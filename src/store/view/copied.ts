/** What a view has from a copy of an earlier process, until the store itself has answered. */
import type { Entry } from '../../model/ports/ports.js';
import type { AnyView } from './watches.js';

/** Entries by prefix. */
export type Copy = Readonly<Record<string, readonly Entry[]>>;

export class Copied {
  readonly #unconfirmed = new Set<string>();
  /** By key. */
  #known: ReadonlyMap<string, Entry> = new Map();

  /** Prefixes that a copy filled. */
  get unconfirmed(): ReadonlySet<string> {
    return this.#unconfirmed;
  }

  /** For records that cannot be read any more. */
  remember(copy: Copy): void {
    this.#known = new Map(Object.values(copy).flatMap((entries) => entries.map((entry) => [entry.key, entry])));
  }

  get(key: string): Entry | undefined {
    return this.#known.get(key);
  }

  /** Fills those of the views (by prefix) that the store has not answered yet. */
  seed(copy: Copy, views: ReadonlyMap<string, AnyView>): void {
    for (const [prefix, view] of views) {
      const entries = copy[prefix];
      if (view.loaded || entries === undefined) continue;
      this.#unconfirmed.add(prefix);
      view.apply({ entries, index: 0 });
    }
  }

  /** The store has answered, or nobody asks any more. */
  confirm(prefix: string): void {
    this.#unconfirmed.delete(prefix);
  }
}
