/** The networks of other drivers that containers of ours are on as well. Of all others nothing is kept. */
import type { Attachment, EngineContainer, NamedNetwork } from '../../model/ports/engine-port.js';
import type { EngineNetworkId } from '../../model/values/types.js';
import { ForeignNetwork } from './foreign-network.js';
import type { LocalEndpoints } from './local-endpoints.js';

/** One container's place on such a network, once it is known who else is there. */
export interface ForeignPlace {
  readonly network: ForeignNetwork;
  readonly traits: NamedNetwork;
  readonly attachment: Attachment;
}

interface Sharer {
  readonly sandbox: string;
  readonly attachments: readonly Attachment[];
}

export class ForeignNetworks {
  private readonly networks = new Map<EngineNetworkId, ForeignNetwork>();
  private readonly sharers = new Map<string, Sharer>();
  /** The sharers by their namespaces. */
  private readonly sandboxes = new Map<string, string>();
  /** Containers with an endpoint of ours. */
  private readonly ours = new Set<string>();

  constructor(private readonly local: Pick<LocalEndpoints, 'isLive'>) {}

  /** Those that have names, or may have. */
  get all(): ReadonlyMap<EngineNetworkId, ForeignNetwork> {
    return new Map([...this.networks].filter(([, { traits }]) => traits !== 'nameless'));
  }

  /** Takes over what the engine tells of a running container. */
  see({ id, sandbox, attachments }: EngineContainer): void {
    const attached = attachments.filter(({ endpoint }) => endpoint !== '');
    const others = attached.filter(({ endpoint }) => !this.local.isLive(endpoint));
    const isOurs = others.length < attached.length;
    if (isOurs) this.ours.add(id);
    else this.ours.delete(id);
    this.share(id, isOurs && others.length > 0 ? { sandbox, attachments: others } : undefined);
    const places = new Map(others.map((attachment) => [attachment.network, attachment]));
    for (const [network, state] of this.networks) {
      const here = places.get(network);
      if (here === undefined) state.delete(id);
      else state.set(id, here);
    }
  }

  /** It runs no more. */
  forget(container: string): void {
    this.ours.delete(container);
    this.share(container, undefined);
    for (const network of this.networks.values()) network.delete(container);
  }

  /** It has left the network. */
  leave(network: EngineNetworkId, container: string): void {
    this.networks.get(network)?.delete(container);
  }

  /** Whether it matters that this container comes to this network, or leaves it. */
  concerns(network: EngineNetworkId, container: string): boolean {
    return this.networks.has(network) || this.ours.has(container);
  }

  /** Whether a network of the container has not been looked at yet. */
  isUntold(container: string): boolean {
    const { attachments = [] } = this.sharers.get(container) ?? {};
    return attachments.some(({ network }) => this.networks.get(network)?.isUntold === true);
  }

  /** Where the container in this namespace is besides; networks that have not been looked at are left out. */
  of(sandbox: string): readonly ForeignPlace[] {
    const { attachments = [] } = this.sharers.get(this.sandboxes.get(sandbox) ?? '') ?? {};
    return attachments.flatMap((attachment) => {
      const network = this.networks.get(attachment.network);
      const traits = network?.traits;
      if (network?.isUntold !== false || traits === undefined || traits === 'nameless') return [];
      return [{ network, traits, attachment }];
    });
  }

  private share(container: string, sharer: Sharer | undefined): void {
    const before = this.sharers.get(container);
    if (before !== undefined) this.sandboxes.delete(before.sandbox);
    this.sharers.delete(container);
    for (const { network } of before?.attachments ?? []) this.networks.get(network)?.sharers.delete(container);
    if (sharer !== undefined) {
      this.sharers.set(container, sharer);
      this.sandboxes.set(sharer.sandbox, container);
      for (const { network } of sharer.attachments) this.network(network).sharers.add(container);
    }
    for (const { network } of before?.attachments ?? [])
      if (this.networks.get(network)?.sharers.size === 0) this.networks.delete(network);
  }

  private network(id: EngineNetworkId): ForeignNetwork {
    const known = this.networks.get(id) ?? new ForeignNetwork();
    this.networks.set(id, known);
    return known;
  }
}
