/** The short way of one network: a {@link Lane} that is read into this process when there is one, or is to be. */
import type { AccelerationPlan } from '../../model/plan/namespace-plan.js';
import type { ObservedAcceleration } from '../../model/plan/observed.js';
import { LANE, laneEnd } from '../../model/values/names.js';
import type { Mac, NamespaceName } from '../../model/values/types.js';
import { findLink, type KernelLink } from '../links/links.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { Opened } from '../opening/opened.js';
import type { HeldNamespace } from '../system/held-namespace.js';
import type { Lane } from './lane.js';
import type { Wire } from './wire.js';

/** What all networks of a host share of it. `home`: its namespace. */
export interface Shared {
  readonly wire: Wire;
  readonly home: HeldNamespace;
}

export class ShortWay {
  private readonly lane = new Opened<Lane>(
    () => this.open(),
    (lane) => lane.close(),
  );

  /** `socket`: in the network's namespace, of that name. */
  constructor(
    private readonly socket: Rtnetlink,
    private readonly name: NamespaceName,
    private readonly shared: () => Promise<Shared>,
  ) {}

  /** See {@link Lane.observe}. */
  async observe(links: readonly KernelLink[], part?: 'devices'): Promise<ObservedAcceleration | undefined> {
    return links.some((l) => l.name === LANE) ? (await this.lane.get()).observe(links, part) : undefined;
  }

  /** See {@link Lane.make}. */
  async make(plan: AccelerationPlan): Promise<void> {
    await (await this.lane.get()).make(plan);
  }

  /** See {@link Lane.hookPort}. */
  async hookPort(link: string, plan: AccelerationPlan): Promise<void> {
    await (await this.lane.get()).hookPort(link, plan);
  }

  /** See {@link Lane.setWay}. */
  async setWay(mac: Mac, at: string): Promise<void> {
    await (await this.lane.get()).setWay(mac, at);
  }

  async removeWay(mac: Mac): Promise<void> {
    (await this.lane.current)?.removeWay(mac);
  }

  /** See {@link Lane.remove}. */
  async remove(): Promise<void> {
    const isThere = this.lane.current !== undefined || (await findLink(this.socket, LANE)) !== undefined;
    if (isThere) await (await this.lane.get()).remove();
  }

  /** See {@link Lane.changed}. */
  async changed(): Promise<boolean> {
    return (await this.lane.current)?.changed() ?? false;
  }

  /** What is hooked goes on. */
  close(): void {
    this.lane.close();
  }

  private async open(): Promise<Lane> {
    const [{ Lane }, { wire, home }] = await Promise.all([import('./lane.js'), this.shared()]);
    return new Lane(wire, this.socket, laneEnd(this.name), home);
  }
}
