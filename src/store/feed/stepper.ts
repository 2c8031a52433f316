/** One step after the other for as long as there is one; a step that the store refuses is tried again. */
import { isStoreError } from '../../errors.js';

export interface StepperParts {
  /** What to do now; undefined when there is nothing, or nothing any more. */
  readonly next: () => (() => Promise<void>) | undefined;
  /** Told of a StoreError. */
  readonly onTrouble: (error: Error) => void;
}

export class Stepper {
  #isRunning = false;

  constructor(private readonly parts: StepperParts) {}

  kick(): void {
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      for (;;) {
        // What comes in one turn is one step.
        await Promise.resolve();
        const step = this.parts.next();
        if (step === undefined) return;
        await step().catch((e: unknown) => {
          if (!isStoreError(e)) throw e;
          this.parts.onTrouble(e);
        });
      }
    } finally {
      this.#isRunning = false;
    }
  }
}
