/** Whether a path carries a network namespace yet, and which one. */
import { statfsSync, statSync, unlinkSync } from 'node:fs';
import { hasCode } from '../../errors.js';

/** statfs(2)'s `f_type` of a file that a namespace is mounted on; a plain file has its file system's. */
const NSFS_MAGIC = 0x6e736673;

export type NamespaceFile =
  | { readonly kind: 'absent' }
  /** A plain file: whoever made it is about to mount the namespace over it. */
  | { readonly kind: 'empty' }
  /** `inode`: two paths, or two moments, with the same one mean the same namespace while it is held open. */
  | { readonly kind: 'mounted'; readonly inode: number };

export function namespaceFile(path: string): NamespaceFile {
  try {
    if (statfsSync(path).type !== NSFS_MAGIC) return { kind: 'empty' };
    return { kind: 'mounted', inode: statSync(path).ino };
  } catch {
    // Nothing there, or nothing that we may look at: no namespace for us either way.
    return { kind: 'absent' };
  }
}

/** Undefined when no namespace is mounted there. */
export function namespaceInode(path: string): number | undefined {
  const file = namespaceFile(path);
  return file.kind === 'mounted' ? file.inode : undefined;
}

/** A plain file, or none. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (e) {
    if (!hasCode(e, 'ENOENT')) throw e;
  }
}
