/** Gathers what changed in the cluster and tells it once. */
import { keys } from '../../model/values/names.js';
import type { Cluster, NetworkId } from '../../model/values/types.js';

/** What differs from the Cluster told before. A first load counts as a change, also of nothing. */
export interface ClusterChange {
  readonly nodes: boolean;
  readonly networks: boolean;
  readonly endpoints: ReadonlySet<NetworkId>;
}

export type ClusterListener = (cluster: Cluster, changed: ClusterChange) => void;

export class ChangeTeller {
  readonly #listeners = new Set<ClusterListener>();
  #untold: { nodes: boolean; networks: boolean; endpoints: Set<NetworkId> } | undefined;

  constructor(private readonly current: () => Cluster) {}

  onChange(listener: ClusterListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Something below this prefix is different; told in a microtask. */
  changed(prefix: string): void {
    if (!this.#untold) {
      this.#untold = { nodes: false, networks: false, endpoints: new Set() };
      queueMicrotask(() => this.#tell());
    }
    this.#untold.nodes ||= prefix === keys.nodes;
    this.#untold.networks ||= prefix === keys.networks;
    const [, network] = /^endpoints\/([^/]+)\/$/.exec(prefix) ?? [];
    if (network !== undefined) this.#untold.endpoints.add(network as NetworkId);
  }

  #tell(): void {
    const changed = this.#untold;
    this.#untold = undefined;
    if (changed) for (const listener of this.#listeners) listener(this.current(), changed);
  }
}
