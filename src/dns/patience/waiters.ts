/** Who waits for a sandbox's redirect. */
export class Waiters {
  private readonly waiting = new Map<string, Set<(ready: boolean) => void>>();

  /** Resolves to what `settle` says of it, or to false after `deadlineMs`. */
  wait(sandbox: string, deadlineMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiters = this.waiting.get(sandbox) ?? new Set();
      const settle = (ready: boolean): void => {
        clearTimeout(timer);
        waiters.delete(settle);
        resolve(ready);
      };
      const timer = setTimeout(settle, deadlineMs, false);
      this.waiting.set(sandbox, waiters.add(settle));
    });
  }

  settle(sandbox: string, ready: boolean): void {
    for (const settle of [...(this.waiting.get(sandbox) ?? [])]) settle(ready);
    this.waiting.delete(sandbox);
  }

  /** All that `wanted` does not have are never ready. */
  keepOnly(wanted: ReadonlyMap<string, unknown>): void {
    for (const sandbox of [...this.waiting.keys()]) if (!wanted.has(sandbox)) this.settle(sandbox, false);
  }
}
