/**
 * What this host must remember by itself, in DATA_DIR: which cluster it belongs to and which of its engine's
 * networks are mirrors of which cluster network (the engine never replays CreateNetwork).
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { hasCode } from '../errors.js';
import type { EngineNetworkId, NetworkId } from '../model/types.js';

const schema = z.object({
  version: z.literal(1),
  cluster: z.string().optional(),
  mirrors: z.record(z.string(), z.string()),
});

export class HostMemory {
  private readonly mirrors: Map<EngineNetworkId, NetworkId>;
  private clusterId: string | undefined;

  private constructor(
    private readonly path: string,
    content: z.infer<typeof schema>,
  ) {
    this.mirrors = new Map(Object.entries(content.mirrors)) as Map<EngineNetworkId, NetworkId>;
    this.clusterId = content.cluster;
  }

  /** Reads `host.json` in the folder. A missing or broken file is an empty memory: the engine pass learns anew. */
  static open(folder: string, onBroken: (error: unknown) => void): HostMemory {
    const path = join(folder, 'host.json');
    try {
      return new HostMemory(path, schema.parse(JSON.parse(readFileSync(path, 'utf8'))));
    } catch (e) {
      if (!hasCode(e, 'ENOENT')) onBroken(e);
      return new HostMemory(path, { version: 1, mirrors: {} });
    }
  }

  get cluster(): string | undefined {
    return this.clusterId;
  }

  rememberCluster(id: string): void {
    this.clusterId = id;
    this.save();
  }

  /** The cluster's id of an engine's network; on the creating host the two are one. */
  clusterIdOf(id: EngineNetworkId): NetworkId {
    return this.mirrors.get(id) ?? (id as string as NetworkId);
  }

  isMirror(id: EngineNetworkId): boolean {
    return this.mirrors.has(id);
  }

  rememberMirror(id: EngineNetworkId, of: NetworkId): void {
    if (this.mirrors.get(id) === of) return;
    this.mirrors.set(id, of);
    this.save();
  }

  forgetMirror(id: EngineNetworkId): void {
    if (this.mirrors.delete(id)) this.save();
  }

  /** Written beside and renamed: a crash leaves the old file or the new one. */
  private save(): void {
    const content = { version: 1, cluster: this.clusterId, mirrors: Object.fromEntries(this.mirrors) };
    writeFileSync(`${this.path}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${this.path}.new`, this.path);
  }
}
