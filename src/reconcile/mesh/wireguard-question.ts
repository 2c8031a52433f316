/** Whether the kernel lacks WireGuard. It is asked as seldom as will do: each question starts modprobe on the host. */

/** Where somebody waits for it: the module may come yet, ms. */
const AGAIN_MS = 60_000;

export class WireguardQuestion {
  private asked: number | undefined;
  private isAnswered = false;
  private tell: () => void = () => {};

  constructor(private readonly ask: () => Promise<boolean>) {}

  /** Told of each answer. */
  onAnswer(listener: () => void): void {
    this.tell = listener;
  }

  /**
   * True once the kernel has answered that it has none. Asks it once, and each minute where this host itself needs it
   * (`isNeeded`).
   */
  isDenied(isNeeded: boolean): boolean {
    const now = performance.now();
    if (this.asked === undefined || (isNeeded && now - this.asked >= AGAIN_MS)) {
      this.asked = now;
      void this.put();
    }
    return this.isAnswered;
  }

  private async put(): Promise<void> {
    // A kernel that cannot even be asked is asked again with the others.
    await this.ask().catch(() => false);
    this.isAnswered = true;
    this.tell();
  }
}
