/** A store of which each request is timed; what waits for news is no request. */
import type { Meter } from '../health/measures.js';
import type { Store } from '../model/ports/ports.js';

export function measured(store: Store, meter: Meter): Store {
  const timed = <A extends readonly unknown[], R>(operation: string, work: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      const began = performance.now();
      const tell = (outcome: 'ok' | 'failed') =>
        meter.tell('request', { operation, outcome, seconds: (performance.now() - began) / 1_000 });
      try {
        const result = await work(...args);
        tell('ok');
        return result;
      } catch (e) {
        tell('failed');
        throw e;
      }
    };
  };
  return {
    get: timed('get', store.get.bind(store)),
    list: timed('list', store.list.bind(store)),
    keys: timed('keys', store.keys.bind(store)),
    children: timed('children', store.children.bind(store)),
    commit: timed('commit', store.commit.bind(store)),
    hold: timed('hold', store.hold.bind(store)),
    watch: store.watch.bind(store),
    watchNames: store.watchNames.bind(store),
    close: store.close.bind(store),
  };
}
