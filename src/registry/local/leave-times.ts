/** When it is looked at next whether a network can be left: soon after its last use, ever later where leaving fails. */
import type { NetworkId } from '../../model/values/types.js';

/** How long a network outlives its last use here, ms. */
const LINGER_MS = 10_000;
/** One that could not be left is left alone so long at most, ms. */
const LONGEST_MS = 320_000;

export class LeaveTimes {
  private readonly due = new Map<NetworkId, NodeJS.Timeout>();
  /** How often in a row. */
  private readonly failures = new Map<NetworkId, number>();

  constructor(private readonly look: (network: NetworkId) => void) {}

  /** One time for each network: what was set before is put off. */
  set(network: NetworkId): void {
    clearTimeout(this.due.get(network));
    const ms = Math.min(LONGEST_MS, LINGER_MS * 2 ** (this.failures.get(network) ?? 0));
    this.due.set(network, setTimeout(() => this.look(network), ms).unref());
  }

  failed(network: NetworkId): void {
    this.failures.set(network, (this.failures.get(network) ?? 0) + 1);
    this.set(network);
  }

  hasFailed(network: NetworkId): boolean {
    return this.failures.has(network);
  }

  /** It is not to be left after all. */
  forgive(network: NetworkId): void {
    this.failures.delete(network);
  }

  end(network: NetworkId): void {
    clearTimeout(this.due.get(network));
    this.due.delete(network);
    this.failures.delete(network);
  }
}
