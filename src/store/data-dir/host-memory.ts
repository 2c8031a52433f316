/**
 * What this host must remember by itself, in DATA_DIR: who it is, which cluster it belongs to, which of its engine's networks are
 * mirrors of which cluster network (the engine never replays CreateNetwork), and where its endpoints' containers are.
 */

import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { Remembered } from '../../model/cluster/origin.js';
import { clusterIdOfOwn } from '../../model/values/names.js';
import { isSandboxPath, isSoundLookup } from '../../model/values/shapes.js';
import type { EngineNetworkId, Lookup, NetworkId } from '../../model/values/types.js';
import { fingerprint, machine, nodeId } from '../records/fields.js';
import { DataFile, type DataRows } from './data-file.js';
import { EndpointMemory } from './endpoint-memory.js';

const schema = z.object({
  // Not in the files of older releases.
  node: z
    .object({
      id: nodeId,
      machine,
      boot: fingerprint,
    })
    .exactOptional(),
  cluster: z.string().optional(),
  // Only while it is so.
  drained: z.iso.datetime().exactOptional(),
  mirrors: z.record(z.string(), z.string()),
  // Not in the files of older releases.
  sandboxes: z.record(z.string(), z.string()).default({}),
  lookups: z
    .record(
      z.string(),
      z.object({
        links: z.array(z.object({ alias: z.string(), name: z.string() })).readonly(),
        priority: z.number().exactOptional(),
      }),
    )
    // Worth less than what else is here.
    .catch({}),
});

export class HostMemory {
  private readonly mirrors: Map<EngineNetworkId, NetworkId>;
  private clusterId: string | undefined;
  private self: Remembered | undefined;
  private drainedSince: string | undefined;
  readonly sandboxes: EndpointMemory<string>;
  readonly lookups: EndpointMemory<Lookup>;

  private constructor(
    private readonly file: DataFile<z.infer<typeof schema>>,
    content: z.infer<typeof schema>,
  ) {
    this.mirrors = new Map(Object.entries(content.mirrors)) as Map<EngineNetworkId, NetworkId>;
    this.clusterId = content.cluster;
    this.self = content.node;
    this.drainedSince = content.drained;
    this.sandboxes = new EndpointMemory(content.sandboxes, isSandboxPath, () => this.save());
    this.lookups = new EndpointMemory<Lookup>(content.lookups, isSoundLookup, () => this.save());
  }

  /** Reads `host.json` in the folder. A missing or broken file is an empty memory: the engine pass learns anew. */
  static open(folder: string, rows: DataRows): HostMemory {
    const file = new DataFile(join(folder, 'host.json'), schema, rows);
    return new HostMemory(file, file.read() ?? { mirrors: {}, sandboxes: {}, lookups: {} });
  }

  /** Who this host was; it need not be so still (see model/cluster/origin.ts). */
  get node(): Remembered | undefined {
    return this.self;
  }

  rememberNode(node: Remembered): void {
    if (isDeepStrictEqual(this.self, node)) return;
    this.self = node;
    this.save();
  }

  /**
   * The folder is a copy of another host's. Where its containers are is that host's to know; which of an engine's
   * networks are mirrors stays true, for their ids are copied with the engine's own disk or are none here.
   */
  forgetCopied(): void {
    for (const memory of [this.sandboxes, this.lookups]) for (const id of [...memory.keys()]) memory.delete(id);
  }

  /** Since when this host takes no more containers, ISO 8601; undefined while it takes them. */
  get drained(): string | undefined {
    return this.drainedSince;
  }

  rememberDrain(since: string | undefined): void {
    this.drainedSince = since;
    this.save();
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
    return this.mirrors.get(id) ?? clusterIdOfOwn(id);
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
      ...(this.self === undefined ? {} : { node: this.self }),
      cluster: this.clusterId,
      ...(this.drainedSince === undefined ? {} : { drained: this.drainedSince }),
      mirrors: Object.fromEntries(this.mirrors),
      sandboxes: this.sandboxes.content,
      lookups: this.lookups.content,
    }));
  }
}
