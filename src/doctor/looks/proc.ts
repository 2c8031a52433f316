/** Files of the kernel's below /proc, of the network namespace and the host that this runs on. */
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';

export class Proc {
  constructor(private readonly root = '/proc') {}

  /** Undefined where there is no such file, or nothing that this process may read. */
  text(path: string): string | undefined {
    try {
      return readFileSync(`${this.root}/${path}`, 'utf8');
    } catch {
      return undefined;
    }
  }

  /** Whole lines, some at a time and without holding up anybody, of a file that may be long. None where there is none. */
  async *lines(path: string): AsyncGenerator<string> {
    let left = '';
    try {
      for await (const piece of createReadStream(`${this.root}/${path}`, 'latin1')) {
        const text = `${left}${piece}`;
        const end = text.lastIndexOf('\n') + 1;
        left = text.slice(end);
        yield text.slice(0, end);
      }
    } catch {
      // As with one that was never there.
    }
    yield left;
  }

  /** Of a file that holds one number. */
  number(path: string): number | undefined {
    const text = this.text(path)?.trim();
    return text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text);
  }

  /** Tells one file or folder from any other, by where a link leads; undefined where there is none, or it may not be seen. */
  identity(path: string): string | undefined {
    try {
      const { dev, ino } = statSync(`${this.root}/${path}`, { bigint: true });
      return `${dev} ${ino}`;
    } catch {
      return undefined;
    }
  }

  /** Names in a folder; undefined where there is none. */
  names(path: string): readonly string[] | undefined {
    try {
      return readdirSync(`${this.root}/${path}`);
    } catch {
      return undefined;
    }
  }
}
