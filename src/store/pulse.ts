/** When the store last answered, and how fast, for whoever asks how it is. */
export class StorePulse {
  #at: Date | undefined;
  #ms: number | undefined;

  /** `ms`: how long it took; undefined for a query that waited for news. */
  answered(ms: number | undefined): void {
    this.#at = new Date();
    if (ms !== undefined) this.#ms = ms;
  }

  /** Undefined before the first answer. */
  get last(): { readonly at: Date; readonly ms: number | undefined } | undefined {
    return this.#at && { at: this.#at, ms: this.#ms };
  }
}
