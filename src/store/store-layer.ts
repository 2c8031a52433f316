/** A store on top of another one, which passes on whatever it does not do otherwise itself. */
import type { Store } from '../model/ports/ports.js';

export abstract class StoreLayer implements Store {
  readonly list: Store['list'];
  readonly keys: Store['keys'];
  readonly children: Store['children'];
  readonly watch: Store['watch'];
  readonly watchNames: Store['watchNames'];
  readonly close: Store['close'];

  constructor(protected readonly store: Store) {
    this.list = store.list.bind(store);
    this.keys = store.keys.bind(store);
    this.children = store.children.bind(store);
    this.watch = store.watch.bind(store);
    this.watchNames = store.watchNames.bind(store);
    this.close = store.close.bind(store);
  }

  get(...args: Parameters<Store['get']>): ReturnType<Store['get']> {
    return this.store.get(...args);
  }

  commit(...args: Parameters<Store['commit']>): ReturnType<Store['commit']> {
    return this.store.commit(...args);
  }

  hold(...args: Parameters<Store['hold']>): ReturnType<Store['hold']> {
    return this.store.hold(...args);
  }
}
