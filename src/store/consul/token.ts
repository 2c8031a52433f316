/** The ACL token of our requests. Invariant: it is in no text that leaves the store, whoever wrote that text. */
import { messageOf } from '../../errors.js';
import { readTokenFile } from './token-file.js';

export class ConsulToken {
  // Private to the language: neither JSON nor util.inspect shows it.
  #value: string | undefined;
  readonly #known = new Set<string>();
  #trouble: string | undefined;

  constructor(
    value?: string,
    /** Where it is read anew when Consul refuses the one that we have. */
    private readonly file?: string,
  ) {
    this.#take(value);
  }

  /** Undefined: our requests are anonymous. */
  get value(): string | undefined {
    return this.#value;
  }

  /** Looks into the file; true when there is another token to be tried than the one that was refused. */
  hasOtherThan(refused: string | undefined): boolean {
    if (this.file === undefined) return false;
    try {
      this.#take(readTokenFile(this.file));
      this.#trouble = undefined;
    } catch (e) {
      this.#trouble = messageOf(e);
    }
    return this.#value !== refused;
  }

  /** What to do about a refusal, as the end of a sentence. */
  get cure(): string {
    if (this.#trouble !== undefined) return this.#trouble;
    return this.file === undefined
      ? 'check kv.token in CLUSTER_STORE_OPTS and its policy'
      : `check the token in ${this.file} (kv.tokenfile of CLUSTER_STORE_OPTS) and its policy`;
  }

  /** The text without tokens that we have or had: whoever answers us may send back what we sent. */
  redact(text: string): string {
    return [...this.#known].reduce((left, token) => left.replaceAll(token, '…'), text);
  }

  #take(value: string | undefined): void {
    this.#value = value;
    if (value !== undefined) this.#known.add(value);
  }
}
