/**
 * A store whose watches ask now and then instead of waiting for news: who looks at the whole cluster for a while takes
 * no connection from those that keep this host right.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorOf } from '../errors.js';
import type { Names, Store } from '../model/ports/ports.js';

/** Of what follows each: a person looks at it. */
const EVERY_MS = 2_000;

type Wake = (signal: AbortSignal) => Promise<unknown>;
const pause: Wake = (signal) => sleep(EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);

export function polled(store: Omit<Store, 'watch' | 'watchNames'>, wait: Wake = pause): Store {
  const follow = async <T extends { readonly index: number }>(
    look: (last: T | undefined) => Promise<T>,
    tell: (found: T) => void,
    onError: (error: Error) => void,
    signal: AbortSignal,
  ): Promise<void> => {
    let last: T | undefined;
    while (!signal.aborted) {
      const found = await look(last).catch(errorOf);
      if (signal.aborted) return;
      if (found instanceof Error) {
        // The next answer is told even when nothing has changed: it is also the sign that the store answers again.
        last = undefined;
        onError(found);
      } else if (found.index !== last?.index) {
        last = found;
        tell(found);
      }
      await wait(signal);
    }
  };
  /** The index first: all that has changed up to it is then in the keys. */
  const names = (prefix: string) => async (last: Names | undefined) => {
    const { index } = await store.children(prefix);
    return index === last?.index ? last : { keys: await store.keys(prefix), index };
  };
  return {
    get: store.get.bind(store),
    list: store.list.bind(store),
    keys: store.keys.bind(store),
    children: store.children.bind(store),
    commit: store.commit.bind(store),
    hold: store.hold.bind(store),
    close: store.close.bind(store),
    watch: (prefix, { onSnapshot, onError }, signal) =>
      void follow(() => store.list(prefix), onSnapshot, onError, signal),
    watchNames: (prefix, { onNames, onError }, signal) => void follow(names(prefix), onNames, onError, signal),
  };
}
