/** Probes other hosts from this one. What that takes is loaded with the first probe, for most hosts never send one. */
import { UserError } from '../errors.js';
import type { Meter } from '../health/measures.js';
import type { Probed } from '../model/probe/passage.js';
import type { NodeAddress } from '../model/values/types.js';
import type { Echo, Ways } from './echo.js';
import type { Heard } from './hearing.js';
import type { ProbeSite } from './prober.js';

export class Probes {
  constructor(
    private readonly ways: Ways,
    /** Where probes go out, once there is a way. */
    private readonly site: () => ProbeSite,
    private readonly meter: Meter,
    private readonly echo: Pick<Echo, 'hasHeard'>,
  ) {}

  /**
   * What was found out about the way to each of these, in their order. Rejects with a UserError that says why this host
   * can probe nobody, a DeadlineError, or a KernelError.
   */
  async probe(peers: readonly NodeAddress[]): Promise<readonly Probed[]> {
    await this.ways.open(peers);
    const stranger = peers.find((peer) => !this.ways.knows(peer));
    if (stranger !== undefined)
      throw new UserError(`${stranger} is the address of no other host of the cluster that this one can send VXLAN to`);
    const { probeAll } = await import('./prober.js');
    const began = performance.now();
    const found = await probeAll(this.site(), peers);
    for (const way of found)
      this.meter.tell('probe', { seconds: way.answered ? way.roundTrip.median / 1_000 : undefined });
    return found.map((way) => (way.answered ? way : { ...way, heard: this.echo.hasHeard(way.peer, began) }));
  }

  /** What doctor finds on another host, by its word. Probe it first: that makes the way. Rejects when it says nothing. */
  async hear(peer: NodeAddress, patienceMs: number): Promise<Heard> {
    const { namespace, self } = this.site();
    const { hear } = await import('./hearing.js');
    return hear(namespace, self, peer, patienceMs);
  }
}
