/**
 * Whom to leave alone for a while, of those whose rules were busy. While we wait for the rules of one container, all others
 * wait with us: the kernel holds a lock of the whole host meanwhile. So one that kept us waiting is not waited for again
 * before as long has passed. Where several kept us waiting at about the same time it was that lock itself, which two
 * threads of any container can hold without us; leaving their victims alone would only help those.
 */
import { LIVE_MS } from '../../kernel/rules/dns-rules.js';

/** Whoever waits shorter does not even lose its redirect. */
const LONG_MS = LIVE_MS;
/** Those who wait in the two lines of the process (kernel/netfilter/lines.ts) come through one after the other. */
const TOGETHER_MS = 5_000;
const LONGEST_REST_MS = 10_000;

export class Delays {
  /** When a container has kept us waiting for long. */
  private readonly last = new Map<string, number>();

  constructor(private readonly clock: () => number = () => performance.now()) {}

  /** How long to leave one alone that others have kept waiting for `waited` until now. Both milliseconds. */
  restAfter(path: string, waited: number): number {
    if (waited <= LONG_MS) return 0;
    const now = this.clock();
    this.last.set(path, now);
    const isShared = [...this.last].some(([other, at]) => other !== path && now - at < waited + TOGETHER_MS);
    return isShared ? 0 : Math.min(waited, LONGEST_REST_MS);
  }

  /** Forgets all that `wanted` does not have. */
  keepOnly(wanted: ReadonlyMap<string, unknown>): void {
    for (const path of this.last.keys()) if (!wanted.has(path)) this.last.delete(path);
  }
}
