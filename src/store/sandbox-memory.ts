/**
 * In which namespace each endpoint of this host is, as its engine has told: kept by the host itself, for a restart has
 * to know at once and the store is not asked. What stands there, others may have written.
 */
import { isId, isSandboxPath } from '../model/shapes.js';
import type { EndpointId } from '../model/types.js';

/** Containers that start together are one write, ms. */
const SETTLE_MS = 20;

export class SandboxMemory {
  private readonly paths: Map<EndpointId, string>;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    content: Readonly<Record<string, string>>,
    /** Writes {@link content} to the disk. */
    private readonly save: () => void,
  ) {
    const ours = Object.entries(content).filter(([id, path]) => isId(id) && isSandboxPath(path));
    this.paths = new Map(ours) as Map<EndpointId, string>;
  }

  /** Without what could not be read again: an engine may have a folder of its own for namespaces. */
  get content(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.paths].filter(([, path]) => isSandboxPath(path)));
  }

  get(id: EndpointId): string | undefined {
    return this.paths.get(id);
  }

  keys(): Iterable<EndpointId> {
    return this.paths.keys();
  }

  set(id: EndpointId, path: string): void {
    if (this.paths.get(id) === path) return;
    this.paths.set(id, path);
    this.soon();
  }

  delete(id: EndpointId): void {
    if (this.paths.delete(id)) this.soon();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.save();
    }, SETTLE_MS).unref();
  }
}
