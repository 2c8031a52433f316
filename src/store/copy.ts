/** This host's copy of its part of the cluster, in DATA_DIR: what it runs on when it starts without the store. */
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hasCode } from '../errors.js';
import type { Entry } from '../model/ports.js';
import type { NetworkId, NodeAddress } from '../model/types.js';
import { parseEndpoint } from './records.js';

const entry = z.object({ key: z.string(), value: z.string(), index: z.number(), held: z.boolean() });
const schema = z.object({ version: z.literal(1), prefixes: z.record(z.string(), z.array(entry)) });

export type ClusterCopy = z.infer<typeof schema>['prefixes'];

/** A burst of changes is one write, ms. */
const SETTLE_MS = 500;

/** The networks in which the copy knows endpoints of this node. */
export function networksOf(copy: ClusterCopy, self: NodeAddress): ReadonlySet<NetworkId> {
  const endpoints = Object.values(copy).flatMap((entries) => entries.flatMap((e) => parseEndpoint(e) ?? []));
  return new Set(endpoints.filter((e) => e.node === self).map((e) => e.network));
}

export class CopyKeeper {
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private readonly path: string;

  constructor(
    folder: string,
    private readonly take: () => Readonly<Record<string, readonly Entry[]>>,
    /** Told of a copy that cannot be read or written; all works on without one. */
    private readonly onError: (error: unknown) => void,
  ) {
    this.path = join(folder, 'cluster.json');
  }

  /** Undefined when there is none, or none that can be read. */
  load(): ClusterCopy | undefined {
    try {
      return schema.parse(JSON.parse(readFileSync(this.path, 'utf8'))).prefixes;
    } catch (e) {
      if (!hasCode(e, 'ENOENT')) this.onError(e);
      return undefined;
    }
  }

  /** Writes a copy a little later. */
  soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.writing = this.writing.then(() => this.write()).catch(this.onError);
    }, SETTLE_MS).unref();
  }

  /** Written beside and renamed: a crash leaves the old copy or the new one. */
  private async write(): Promise<void> {
    await writeFile(`${this.path}.new`, JSON.stringify({ version: 1, prefixes: this.take() }), { mode: 0o600 });
    await rename(`${this.path}.new`, this.path);
  }
}
