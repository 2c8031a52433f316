/**
 * Calls back the moment a namespace is mounted at one of the awaited paths. Engines before 28 answer Join first and
 * make the namespace some 100 ms later: a plain file, then at once a bind mount over it, then the container's process
 * starts. The file's appearance is an inotify event; the mount is none, so from then on a fast poll looks for it.
 */
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { namespaceFile } from '../../kernel/system/namespace-file.js';

const FAST_MS = 1;
/** The fast poll ends when the mount does not follow the file; the slow one goes on. */
const FAST_FOR_MS = 2000;
/** For what inotify does not tell: a folder that is not there yet, an event lost. */
const SLOW_MS = 250;

interface Wait {
  readonly folder: string;
  /** When its plain file was first seen, milliseconds; undefined before. */
  seen: number | undefined;
}

export class NamespaceWaiter {
  private readonly waits = new Map<string, Wait>();
  private readonly watchers = new Map<string, FSWatcher>();
  private fast: NodeJS.Timeout | undefined;
  private slow: NodeJS.Timeout | undefined;

  /** `onMounted` is called once per add(), never from within it. */
  constructor(private readonly onMounted: (path: string) => void) {}

  add(path: string): void {
    if (this.waits.has(path)) return;
    this.waits.set(path, { folder: dirname(path), seen: undefined });
    this.watchFolder(dirname(path));
    this.slow ??= setInterval(() => this.lookAtAll(), SLOW_MS).unref();
    // What appeared between the caller's own look and the watch.
    setImmediate(() => this.look(path));
  }

  drop(path: string): void {
    const wait = this.waits.get(path);
    if (!wait) return;
    this.waits.delete(path);
    if ([...this.waits.values()].every((w) => w.folder !== wait.folder)) {
      this.watchers.get(wait.folder)?.close();
      this.watchers.delete(wait.folder);
    }
    if (this.waits.size > 0) return;
    clearInterval(this.slow);
    clearTimeout(this.fast);
    this.slow = this.fast = undefined;
  }

  /** Drops all that `wanted` does not have. */
  keepOnly(wanted: ReadonlyMap<string, unknown>): void {
    for (const path of [...this.waits.keys()]) if (!wanted.has(path)) this.drop(path);
  }

  private look(path: string): void {
    const wait = this.waits.get(path);
    if (!wait) return;
    const { kind } = namespaceFile(path);
    if (kind === 'mounted') {
      this.drop(path);
      this.onMounted(path);
    } else if (kind === 'empty') {
      wait.seen ??= performance.now();
      this.pollSoon();
    } else {
      wait.seen = undefined;
    }
  }

  private lookAtAll(): void {
    for (const [path, { folder }] of [...this.waits]) {
      this.watchFolder(folder);
      this.look(path);
    }
  }

  private pollSoon(): void {
    this.fast ??= setTimeout(() => {
      this.fast = undefined;
      for (const [path, { seen }] of [...this.waits]) {
        if (seen !== undefined && performance.now() - seen < FAST_FOR_MS) this.look(path);
      }
    }, FAST_MS);
  }

  private watchFolder(folder: string): void {
    if (this.watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        for (const path of [...this.waits.keys()]) {
          if (name === null || (dirname(path) === folder && basename(path) === name)) this.look(path);
        }
      });
      watcher.on('error', () => {
        watcher.close();
        if (this.watchers.get(folder) === watcher) this.watchers.delete(folder);
      });
      this.watchers.set(folder, watcher);
    } catch {
      // No such folder yet, or no inotify watch left: the slow poll tries again.
    }
  }
}
