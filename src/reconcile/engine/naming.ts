/** Puts networks of this engine under their names in the cluster; of two of one name the first one stays. */
import { messageOf, UserError } from '../../errors.js';
import type { Log } from '../../health/events.js';
import type { Engine } from '../../model/ports/engine-port.js';
import { engineIdOfOwn } from '../../model/values/names.js';
import { clipped } from '../../model/values/printable.js';
import type { Network, NetworkId } from '../../model/values/types.js';
import type { Underway } from '../../registry/changes/underway.js';
import type { Networks } from '../../registry/networks/networks.js';
import type { ClusterView } from '../../store/view/cluster-view.js';
import type { EngineNetworks } from './engine-networks.js';
import type { EngineStep } from './engine-steps.js';

export interface NamingParts {
  readonly engine: Pick<Engine, 'removeNetwork' | 'users'>;
  readonly view: Pick<ClusterView, 'current'>;
  readonly networks: Pick<Networks, 'announce' | 'outdo' | 'remove'>;
  readonly underway: Pick<Underway, 'replacing'>;
  readonly seen: Pick<EngineNetworks, 'forget'>;
  /** Makes another host's network appear here. */
  readonly mirror: (network: Network) => Promise<void>;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

export class Naming {
  /** Networks of this host that another one's of the same name will replace. */
  private readonly outdone = new Set<NetworkId>();

  constructor(private readonly parts: NamingParts) {}

  /** True while a network is kept for its containers alone: it may go as soon as they have. */
  get hasOutdone(): boolean {
    return this.outdone.size > 0;
  }

  /** Rejects with a UserError while a name is another host's and containers keep the network made here. */
  async announce({ id, announcement, ranges }: Extract<EngineStep, { kind: 'announce' }>): Promise<void> {
    const { name } = announcement;
    const holder = await this.parts.networks.announce(id, announcement, ranges);
    this.outdone.delete(id);
    if (holder === id)
      this.parts.log.info({ event: 'network-announced', network: name, id }, 'network announced to the cluster');
    else await this.giveWay(id, name, holder);
  }

  /** Another host's network was first to have the name. */
  private async giveWay(id: NetworkId, name: string, holder: NetworkId): Promise<void> {
    const own = engineIdOfOwn(id);
    const isGone = await this.parts.underway.replacing(id, async () => {
      if ((await this.parts.engine.users(own)) > 0 || !(await this.parts.engine.removeNetwork(own))) return false;
      this.parts.seen.forget(own);
      const network = this.parts.view.current.networks.get(holder);
      if (network?.announced !== undefined && !network.deleting)
        await this.parts
          .mirror(network)
          .catch((e: unknown) =>
            this.parts.log.warn(
              { event: 'network-later', network: name, err: messageOf(e) },
              'the network that has the name comes later',
            ),
          );
      return true;
    });
    if (!isGone) {
      this.outdone.add(id);
      await this.parts.networks.outdo(id, name);
      throw new UserError(
        `another host was first to create a network ${clipped(name, 64)}; containers of this host keep the one made here (${id.slice(0, 12)}), and the other takes its place once they are removed`,
      );
    }
    await this.parts.networks.remove(id);
    this.parts.log.warn(
      { event: 'network-outdone', network: name, id, holder: clipped(holder, 64) },
      'another host was first to create a network of this name; it has taken the place of the one made here',
    );
  }
}
