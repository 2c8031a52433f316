/** What the catalogue says of a code. */

/** `high`: containers lose something by it, or may. `low`: for whoever looks closer; it is said elsewhere, too. */
export type Severity = 'high' | 'medium' | 'low';

/** What may stand in a row's arguments: rows are JSON. */
export type Args = Readonly<Record<string, string | number | boolean>>;

export interface CatalogueEntry<A> {
  readonly severity: Severity;
  /** What is kept right, as a noun. */
  readonly what: string;
  /** One sentence while it is failing or degraded: what is wrong, with which value. */
  readonly text: (args: A) => string;
  /** Said once it is right again, where {@link what} alone would not say it. */
  readonly over?: (args: A) => string;
  /** A container can bring it about and end it as often as it likes: its log has one line a minute. */
  readonly byContainers?: true;
  /** For docs/messages.md: what brings it about. */
  readonly cause: string;
  /** For docs/messages.md: what to do. */
  readonly cure: string;
}

/** A part of the catalogue: one entry for each code in `T`, which has the arguments of each. */
export type Entries<T> = { readonly [C in keyof T]: CatalogueEntry<T[C]> };

/** Of what was tried and failed. */
export type Reason = { readonly reason: string };
