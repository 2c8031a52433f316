/** This host's copy of its part of the cluster, in DATA_DIR: what it runs on when it starts without the store. */
import { join } from 'node:path';
import { z } from 'zod';
import type { Entry } from '../model/ports.js';
import type { NetworkId, NodeId } from '../model/types.js';
import { DataFile, type TellTrouble } from './data-file.js';
import { parseEndpoint } from './records.js';

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

/** The networks in which the copy knows endpoints of this node. */
export function networksOf(copy: ClusterCopy, self: NodeId): ReadonlySet<NetworkId> {
  const endpoints = Object.values(copy).flatMap((entries) => entries.flatMap((e) => parseEndpoint(e) ?? []));
  return new Set(endpoints.filter((e) => e.node === self).map((e) => e.network));
}

export class CopyKeeper {
  private left: { readonly copy: ClusterCopy | undefined } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private readonly file: DataFile<z.infer<typeof schema>>;

  constructor(
    folder: string,
    private readonly take: () => Readonly<Record<string, readonly Entry[]>>,
    /** Told of a copy that cannot be read or written; all works on without one. */
    tell: TellTrouble,
  ) {
    this.file = new DataFile(join(folder, 'cluster.json'), schema, tell);
  }

  /** What the last process left; undefined when there is none, or none that can be read. */
  load(): ClusterCopy | undefined {
    this.left ??= { copy: this.file.read()?.prefixes };
    return this.left.copy;
  }

  /** Writes a copy a little later. */
  soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.writing = this.writing.then(() => this.file.write(() => ({ prefixes: this.taken() })));
    }, SETTLE_MS).unref();
  }

  private taken(): ClusterCopy {
    return Object.fromEntries(Object.entries(this.take()).map(([prefix, entries]) => [prefix, [...entries]]));
  }
}
