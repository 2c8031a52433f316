/** A process that has few descriptors left: what cannot be opened any more is refused with EMFILE. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { hasCode } from '../../src/errors.js';

/** Beside those that are open already. */
const ROOM = 64;

const limit = (soft: string): unknown =>
  execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${soft}:`], { encoding: 'utf8' });

/** All that there are; the caller's to close. */
function takeAll(): number[] {
  const taken: number[] = [];
  for (;;)
    try {
      taken.push(openSync('/dev/null', 'r'));
    } catch (e) {
      if (hasCode(e, 'EMFILE')) return taken;
      throw e;
    }
}

function give(fds: readonly number[]): void {
  for (const fd of fds) closeSync(fd);
}

/** How many may yet be opened. */
export function left(): number {
  const taken = takeAll();
  give(taken);
  return taken.length;
}

/** Runs `work` with so many left. */
export async function withLeft<T>(count: number, work: () => Promise<T>): Promise<T> {
  const highest = Math.max(...readdirSync('/proc/self/fd').map(Number));
  const before = /SOFT\s+(\d+)/.exec(execFileSync('prlimit', ['--nofile', '--output=SOFT'], { encoding: 'utf8' }))?.[1];
  limit(String(highest + ROOM));
  const taken = takeAll();
  try {
    give(taken.splice(0, count));
    return await work();
  } finally {
    give(taken);
    limit(before ?? '1024');
  }
}
