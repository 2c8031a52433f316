/**
 * What this host must remember by itself, in DATA_DIR: which cluster it belongs to, which of its engine's networks are
 * mirrors of which cluster network (the engine never replays CreateNetwork), and where its endpoints' containers are.
 */
import { join } from 'node:path';
import { z } from 'zod';
import type { EngineNetworkId, NetworkId } from '../model/types.js';
import { DataFile, type TellTrouble } from './data-file.js';
import { SandboxMemory } from './sandbox-memory.js';

const schema = z.object({
  cluster: z.string().optional(),
  mirrors: z.record(z.string(), z.string()),
  // Not in the files of older releases.
  sandboxes: z.record(z.string(), z.string()).default({}),
});

export class HostMemory {
  private readonly mirrors: Map<EngineNetworkId, NetworkId>;
  private clusterId: string | undefined;
  readonly sandboxes: SandboxMemory;

  private constructor(
    private readonly file: DataFile<z.infer<typeof schema>>,
    content: z.infer<typeof schema>,
  ) {
    this.mirrors = new Map(Object.entries(content.mirrors)) as Map<EngineNetworkId, NetworkId>;
    this.clusterId = content.cluster;
    this.sandboxes = new SandboxMemory(content.sandboxes, () => this.save());
  }

  /** Reads `host.json` in the folder. A missing or broken file is an empty memory: the engine pass learns anew. */
  static open(folder: string, tell: TellTrouble): HostMemory {
    const file = new DataFile(join(folder, 'host.json'), schema, tell);
    return new HostMemory(file, file.read() ?? { mirrors: {}, sandboxes: {} });
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

  private save(): void {
    this.file.writeSync(() => ({
      cluster: this.clusterId,
      mirrors: Object.fromEntries(this.mirrors),
      sandboxes: this.sandboxes.content,
    }));
  }
}
