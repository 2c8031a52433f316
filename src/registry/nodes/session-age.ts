/** How long the session that holds this host's node key has lasted, and how often one was lost: others take this host to be away then. */

/** Losses further back are no news, ms. */
const RECENT_MS = 600_000;

export interface SessionReport {
  /** Undefined until the key is held for the first time. */
  readonly ageMs: number | undefined;
  /** Within the last ten minutes. */
  readonly lost: number;
}

export class SessionAge {
  private sessions = 0;
  private since: number | undefined;
  private losses: number[] = [];

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** `sessions`: how many there have been so far, the one of now included. */
  see(sessions: number): void {
    if (sessions === this.sessions) return;
    const isFirst = this.sessions === 0;
    this.sessions = sessions;
    this.since = this.now();
    if (!isFirst) this.losses = [...this.recent, this.since];
  }

  get report(): SessionReport {
    return { ageMs: this.since === undefined ? undefined : this.now() - this.since, lost: this.recent.length };
  }

  private get recent(): number[] {
    return this.losses.filter((at) => this.now() - at < RECENT_MS);
  }
}
