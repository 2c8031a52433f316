/** One change of one entry of a table: a neighbour, or a place of an FDB. */
export interface EntryChange {
  /** As people type it. */
  readonly verb: string;
  /** Name of the link that it is an entry of. */
  readonly link: string;
  readonly type: number;
  readonly flags: number;
  /** By the link's index. */
  readonly payload: (index: number) => Buffer;
  /** Errnos that are as good as success. */
  readonly fine: readonly string[];
}
