/**
 * What this host itself writes of its endpoints in one network, one change after the other. The news of a change may come
 * before the answer to it: then the answer is waited for, for it saves reading.
 */
import type { Written } from './written.js';

/** While nothing can be read they are not kept for ever: what is not taken is read. */
const MOST = 64;

export class OwnWrites {
  #underWay: string | undefined;
  #done: readonly Written[] = [];

  /** Told when there is something to take or to read. */
  constructor(private readonly onEnd: () => void) {}

  /** A change with a head of this revision is about to be committed. */
  begin(revision: string): void {
    this.#underWay = revision;
  }

  /** Undefined when it did not go through, or nobody knows. */
  end(written: Written | undefined): void {
    this.#underWay = undefined;
    if (written !== undefined) this.#done = [...this.#done.slice(-MOST), written];
    this.onEnd();
  }

  isUnderWay(revision: string | undefined): boolean {
    return revision !== undefined && revision === this.#underWay;
  }

  /** The oldest that nobody has taken yet. */
  take(): Written | undefined {
    const [first, ...rest] = this.#done;
    this.#done = rest;
    return first;
  }
}
