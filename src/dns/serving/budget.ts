/**
 * How much of the one thread's time the names of containers may take: each container has a share, and all have one
 * together. Units are some 25 µs of it, counted and not measured, for on a busy host every piece of work takes longer.
 */

/** What a container may spend for as long as it likes, units per second: some 7 % of the thread. */
const RATE = 3000;
/** What it may spend at once: as many questions to the engine's resolver as that takes, of which each costs a socket. */
const BURST = 7000;
/** Who has just been over it gets less at once: who goes on as before is out again soon, and costs little. */
const BURST_AFTER = 1000;
/** Of all containers together: some 25 % of the thread for as long as they like. */
const RATE_OF_ALL = 10_000;
const BURST_OF_ALL = 20_000;
/** What a container has in any case, however much the others spend, units per second. */
const RATE_AT_LEAST = 200;

/**
 * As many sockets each container may have of ours, and that when all together have more than the last number. The engine
 * has as many questions of a container under way (its `maxConcurrent`), and refuses the next.
 */
const SOCKETS = 1024;
const SOCKETS_WHEN_CROWDED = 100;
const CROWDED = 2 * SOCKETS;

/** What things cost. The kernel searches all ports of the container before it has none. */
export const COST = { message: 1, bytes: 1 / 1024, connection: 10, forward: 5, endpoint: 1 / 64, noSocket: 60 };

/** Milliseconds, of a clock that never jumps. */
export type Clock = () => number;

/** Shared by all containers of the host. */
export class Budget {
  private readonly common: Common;

  constructor(private readonly clock: Clock = () => performance.now()) {
    this.common = { bucket: new Bucket(BURST_OF_ALL, -BURST_OF_ALL, clock()), sockets: 0 };
  }

  share(): Share {
    return new Share(this.common, this.clock);
  }
}

/** Of one container. */
export class Share {
  private readonly own: Bucket;
  private sockets = 0;

  constructor(
    private readonly common: Common,
    private readonly clock: Clock,
  ) {
    this.own = new Bucket(BURST, 0, clock());
  }

  /**
   * False when the container has spent what it may. When all together are over theirs, shares grow slower, and who has
   * spent half of its own is over; the deeper in debt all are, the less it takes, down to 5 % of a share.
   */
  spend(units: number): boolean {
    const now = this.clock();
    const all = this.common.bucket;
    all.fill(RATE_OF_ALL, now);
    const plenty = Math.min(1, (2 * all.level) / BURST_OF_ALL);
    this.own.fill(Math.max(RATE_AT_LEAST, RATE * plenty), now);
    all.take(units);
    this.own.take(units);
    const debt = Math.max(0, -all.level / BURST_OF_ALL);
    return this.own.level > (debt > 0 ? BURST * (0.5 + 0.45 * debt) : 0);
  }

  /** Whether the container may have one more socket; if so, {@link giveSocket} is owed. */
  takeSocket(): boolean {
    if (this.sockets >= (this.common.sockets > CROWDED ? SOCKETS_WHEN_CROWDED : SOCKETS)) return false;
    this.sockets++;
    this.common.sockets++;
    return true;
  }

  giveSocket(): void {
    this.sockets--;
    this.common.sockets--;
  }

  /** Begins anew after a pause. */
  renew(): void {
    this.own.level = BURST_AFTER;
    this.own.fill(0, this.clock());
  }
}

interface Common {
  readonly bucket: Bucket;
  sockets: number;
}

class Bucket {
  level: number;

  constructor(
    private readonly size: number,
    private readonly floor: number,
    private filled: number,
  ) {
    this.level = size;
  }

  /** `rate`: units per second. */
  fill(rate: number, now: number): void {
    this.level = Math.min(this.size, this.level + (rate * (now - this.filled)) / 1000);
    this.filled = now;
  }

  take(units: number): void {
    this.level = Math.max(this.floor, this.level - units);
  }
}
