/** Reads the lines of what happened lately, and those that come. */
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventFiles, type Happening, happening } from '../../admin/contract/events.js';

const LOOK_MS = 300;
const PIECE = 64 * 1024;

/** All that is kept, the oldest first; undefined when nothing ever was. */
export function readEvents(adminSocket: string): readonly Happening[] | undefined {
  const texts = eventFiles(adminSocket).flatMap((path) => textOf(path) ?? []);
  return texts.length === 0 ? undefined : texts.flatMap(parsed);
}

/** Hands on what comes from now on, until the signal aborts. */
export async function followEvents(
  adminSocket: string,
  tell: (events: readonly Happening[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const [, path] = eventFiles(adminSocket);
  let tail = Tail.open(path);
  tail?.read();
  while (!signal.aborted) {
    await sleep(LOOK_MS);
    const found = tail?.read() ?? [];
    if (tail === undefined || !tail.is(path)) {
      tail?.close();
      tail = Tail.open(path);
      found.push(...(tail?.read() ?? []));
    }
    if (found.length > 0) tell(found);
  }
  tail?.close();
}

/** One file as it grows, also once it has another name. */
class Tail {
  private rest = '';

  private constructor(private readonly fd: number) {}

  static open(path: string): Tail | undefined {
    try {
      return new Tail(openSync(path, 'r'));
    } catch {
      return undefined;
    }
  }

  is(path: string): boolean {
    const there = statSync(path, { throwIfNoEntry: false });
    return there === undefined || there.ino === fstatSync(this.fd).ino;
  }

  read(): Happening[] {
    const piece = Buffer.alloc(PIECE);
    for (let n = readSync(this.fd, piece); n > 0; n = readSync(this.fd, piece))
      this.rest += piece.toString('utf8', 0, n);
    const end = this.rest.lastIndexOf('\n') + 1;
    const whole = this.rest.slice(0, end);
    this.rest = this.rest.slice(end);
    return parsed(whole);
  }

  close(): void {
    closeSync(this.fd);
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** A line that was cut off is none. */
const parsed = (text: string): Happening[] =>
  text.split('\n').flatMap((line) => {
    try {
      return happening.parse(JSON.parse(line));
    } catch {
      return [];
    }
  });
