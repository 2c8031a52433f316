/** Which containers of this host get a resolver, and the networks whose names each may ask for. */

import { namespaceFile } from '../kernel/namespace-file.js';
import type { Endpoint, NetworkId, NodeId } from '../model/types.js';
import type { LocalEndpoints } from '../registry/local-endpoints.js';
import type { Peers } from '../registry/peers.js';
import type { ClusterView } from '../store/cluster.js';
import { Directory } from './directory.js';
import type { DnsService } from './service.js';
import type { Zone } from './zone.js';

export class Sandboxes {
  private readonly directories = new Map<NetworkId, Directory>();

  constructor(
    private readonly view: ClusterView,
    private readonly local: LocalEndpoints,
    private readonly self: NodeId,
    private readonly peers: Peers,
    private readonly dns: DnsService,
  ) {}

  /** Starts and stops resolvers so that each sandbox with an endpoint of ours has one. Idempotent. */
  sync(): void {
    const networks = new Map<string, NetworkId[]>();
    for (const endpoint of this.own()) {
      const sandbox = this.local.sandboxOf(endpoint);
      if (sandbox !== undefined) networks.set(sandbox, [...(networks.get(sandbox) ?? []), endpoint.network]);
    }
    const used = new Set([...networks.values()].flat());
    for (const id of this.directories.keys()) if (!used.has(id)) this.directories.delete(id);
    this.dns.sync(new Map([...networks].map(([sandbox, ids]) => [sandbox, () => this.zones(ids)])));
  }

  /**
   * Sees to it that the sandbox's resolver stands before its container's process starts. Engines before 28 join
   * before there is a namespace: then it follows by itself as soon as the runtime has made one.
   */
  async serve(sandbox: string, deadlineMs: number): Promise<void> {
    this.sync();
    if (namespaceFile(sandbox).kind === 'mounted') await this.dns.ready(sandbox, deadlineMs);
  }

  private own(): readonly Endpoint[] {
    return [...this.view.current.endpoints.values()].flatMap((endpoints) =>
      [...endpoints.values()].filter((e) => e.node === this.self),
    );
  }

  private zones(ids: readonly NetworkId[]): readonly Zone[] {
    const { networks } = this.view.current;
    return ids.map((id) => ({
      network: networks.get(id)?.announced?.name ?? '',
      directory: this.directory(id).follow(this.peers.of(id)),
    }));
  }

  private directory(id: NetworkId): Directory {
    const known = this.directories.get(id) ?? new Directory();
    this.directories.set(id, known);
    return known;
  }
}
