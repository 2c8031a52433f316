/** The whole cluster for as long as somebody looks at it: all endpoints, which no host needs to know otherwise. */

import type { Log } from '../health/events.js';
import { Rows } from '../health/rows.js';
import type { Store } from '../model/ports/ports.js';
import type { Cluster } from '../model/values/types.js';
import { polled } from '../store/polled.js';
import { ClusterView } from '../store/view/cluster-view.js';

/** What goes wrong is shown, and the agent logs it anyway. */
const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export interface WatchingParts {
  /** Nothing is written there. */
  readonly store: Store;
  /** What is known without an answer of the store, until there is one. */
  readonly known: () => Cluster | undefined;
}

export class Watching {
  private readonly ending = new AbortController();
  private readonly rows = new Rows(SILENT);
  private readonly view: ClusterView;
  private isWhole = false;

  constructor(private readonly parts: WatchingParts) {
    this.view = new ClusterView(polled(parts.store), undefined, undefined, this.rows);
    this.view.onChange(({ networks }) => this.follow(networks));
    this.view.start(this.ending.signal);
  }

  /** The same parts as long as they have not changed. */
  get current(): Cluster {
    return this.isWhole ? this.view.current : (this.parts.known() ?? this.view.current);
  }

  /** All of it is what the store has said a moment ago. */
  get confirmed(): boolean {
    return this.isWhole && this.rows.snapshot.rows.every(({ state }) => state === 'ok');
  }

  /** Resolves once all of it is there; to false when it is not after `deadlineMs`. */
  async ready(deadlineMs: number): Promise<boolean> {
    if (this.isWhole) return true;
    return new Promise((resolve) => {
      const end = (isThere: boolean) => {
        clearTimeout(timer);
        forget();
        resolve(isThere);
      };
      const timer = setTimeout(end, deadlineMs, false);
      const forget = this.view.onChange(() => {
        if (this.isWhole) end(true);
      });
    });
  }

  stop(): void {
    this.ending.abort();
    this.rows.stop();
  }

  private follow(networks: Cluster['networks']): void {
    for (const id of networks.keys()) this.view.subscribe(id);
    for (const id of this.view.current.endpoints.keys()) if (!networks.has(id)) this.view.unsubscribe(id);
    const { complete, endpoints } = this.view.current;
    this.isWhole ||= complete && [...networks.keys()].every((id) => endpoints.has(id));
  }
}
