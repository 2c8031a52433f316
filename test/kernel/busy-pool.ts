/** libuv's pool with all its threads kept waiting: what is for a pool thread to do does not happen meanwhile. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';

const THREADS = Number(process.env.UV_THREADPOOL_SIZE ?? 4);

/** Gives what `work` gives once the threads are free again. It should not wait for any of them. */
export async function withBusyPool<T>(work: () => T | Promise<T>): Promise<T> {
  const dir = mkdtempSync(`${tmpdir()}/tsoverlay-pool-`);
  const pipe = `${dir}/pipe`;
  execFileSync('mkfifo', [pipe]);
  // Who opens it to read waits for who writes.
  const waiting = Array.from({ length: THREADS }, () => open(pipe, 'r'));
  try {
    return await work();
  } finally {
    const writer = openSync(pipe, 'r+');
    for (const file of await Promise.all(waiting)) await file.close();
    closeSync(writer);
    rmSync(dir, { recursive: true });
  }
}
