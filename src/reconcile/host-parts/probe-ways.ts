/** Ways through the probe network, made by the pass of the host's parts as soon as somebody needs them. */
import { UserError } from '../../errors.js';
import type { NodeAddress } from '../../model/values/types.js';
import type { HostPartsPass } from './host-parts-pass.js';
import type { ProbePlanner } from './probe-planner.js';

/** It is a matter of milliseconds, ms. */
const PATIENCE_MS = 3_000;

export class ProbeWays {
  /** Of the pass that makes what was asked for last. */
  private underway: Promise<void> = Promise.resolve();
  /** It did not get to its end in time, and may have by now. */
  private hasFailed = false;

  constructor(
    private readonly planner: Pick<ProbePlanner, 'isNode' | 'trouble' | 'want'>,
    private readonly pass: Pick<HostPartsPass, 'settled'>,
  ) {}

  /**
   * Resolves once there is a way to those of these that are nodes, for a minute. Rejects with a UserError that says why
   * this host has none to anybody, or a DeadlineError.
   */
  open(peers: readonly NodeAddress[]): Promise<void> {
    const { trouble } = this.planner;
    if (trouble !== undefined)
      return Promise.reject(new UserError(`the others cannot be probed from here: ${trouble}`));
    if (this.planner.want(peers) || this.hasFailed) this.begin();
    return this.underway;
  }

  private begin(): void {
    this.hasFailed = false;
    const pass = this.pass.settled('probe', PATIENCE_MS);
    this.underway = pass;
    pass.catch(() => {
      this.hasFailed ||= this.underway === pass;
    });
  }

  /** Whether another node has this address. */
  knows(address: string): address is NodeAddress {
    return this.planner.isNode(address);
  }
}
