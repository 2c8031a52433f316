/** Files of the kernel's below /proc, of the network namespace and the host that this runs on. */
import { readdirSync, readFileSync, statSync } from 'node:fs';

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
