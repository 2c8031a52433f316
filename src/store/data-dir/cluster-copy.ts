/** This host's copy of its part of the cluster, in DATA_DIR: what it runs on when it starts without the store. */
import { join } from 'node:path';
import * as z from 'zod';
import type { Entry } from '../../model/ports/ports.js';
import type { NetworkId, NodeId } from '../../model/values/types.js';
import { parseEndpoint } from '../records/records.js';
import { DataFile, type DataRows } from './data-file.js';

const entry = z.object({
  key: z.string(),
  value: z.string(),
  index: z.number(),
  held: z.boolean(),
  // An older release's copy does not say; what it knew as nodes were nodes to it.
  born: z.number().default(0),
  everHeld: z.boolean().default(true),
});
const schema = z.object({ prefixes: z.record(z.string(), z.array(entry)) });

export type ClusterCopy = z.infer<typeof schema>['prefixes'];

/** A burst of changes is one write, ms. */
const SETTLE_MS = 500;
/**
 * Between two writes, ms for each million characters, which take some 10 ms: what a crash loses the store has. A host hears
 * of others far more often than it will ever start without the store.
 */
const MILLION_MS = 30_000;
const LAST_MS = 60_000;
/** Entries that are made into text at once. */
const PIECE = 200;

/** The networks in which the copy knows endpoints of this node. */
export function networksOf(copy: ClusterCopy, self: NodeId): ReadonlySet<NetworkId> {
  const endpoints = Object.values(copy).flatMap((entries) => entries.flatMap((e) => parseEndpoint(e) ?? []));
  return new Set(endpoints.filter((e) => e.node === self).map((e) => e.network));
}

/** The file of the copy. */
export class CopyFile {
  private left: { readonly copy: ClusterCopy | undefined } | undefined;
  private readonly file: DataFile<z.infer<typeof schema>>;

  /** `rows`: of a copy that cannot be read or written; all works on without one. */
  constructor(folder: string, rows: DataRows) {
    this.file = new DataFile(join(folder, 'cluster.json'), schema, rows);
  }

  /** What the last process left; undefined when there is none, or none that can be read. */
  load(): ClusterCopy | undefined {
    this.left ??= { copy: this.file.read()?.prefixes };
    return this.left.copy;
  }

  /** Gives the number of characters. Never rejects. */
  async write(prefixes: () => Readonly<Record<string, readonly Entry[]>>): Promise<number> {
    let size = 0;
    const count = (piece: string): void => {
      size += piece.length;
    };
    await this.file.write(() => counted(piecesOf(prefixes()), count));
    return size;
  }
}

/** Writes the copy every now and then. */
export class CopyKeeper {
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  /** When the next write may be, by performance.now(). */
  private next = 0;

  constructor(
    private readonly file: CopyFile,
    private readonly take: () => Readonly<Record<string, readonly Entry[]>>,
  ) {}

  /** Writes a copy a little later; the larger it is, the later. */
  soon(): void {
    const wait = Math.max(SETTLE_MS, this.next - performance.now());
    this.timer ??= setTimeout(() => void this.flush(), wait).unref();
  }

  /** Resolves once the disk has what is still to be written; before a clean stop. Never rejects. */
  flush(): Promise<void> {
    if (this.timer === undefined) return this.writing;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    const size = await this.file.write(this.take);
    this.next = performance.now() + Math.min(LAST_MS, (size / 1e6) * MILLION_MS);
  }
}

function* counted(pieces: Iterable<string>, count: (piece: string) => void): Generator<string> {
  for (const piece of pieces) {
    count(piece);
    yield piece;
  }
}

/** The JSON of the copy: thousands of entries are too much for one turn of the event loop. */
function* piecesOf(prefixes: Readonly<Record<string, readonly Entry[]>>): Generator<string> {
  yield '"prefixes":{';
  for (const [i, [prefix, entries]] of Object.entries(prefixes).entries()) {
    yield `${i === 0 ? '' : ','}${JSON.stringify(prefix)}:[`;
    for (let at = 0; at < entries.length; at += PIECE) {
      const piece = JSON.stringify(entries.slice(at, at + PIECE)).slice(1, -1);
      yield at === 0 ? piece : `,${piece}`;
    }
    yield ']';
  }
  yield '}';
}
