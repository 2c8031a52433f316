/**
 * The addresses of names by the system's resolver, for /etc/hosts counts: one name at a time, since each takes a thread of the
 * pool, which all of the process share, and keeps it for half a minute where no nameserver answers.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

const PATIENCE_MS = 2_000;

type Resolve = (name: string) => Promise<readonly { readonly address: string }[]>;

export class Addresses {
  private readonly sought = new Map<string, Promise<readonly string[]>>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly resolve: Resolve = (name) => lookup(name, { all: true })) {}

  /** None where they are not found in time. Never rejects. */
  async of(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<readonly string[]>((resolve) => {
      timer = setTimeout(() => resolve([]), PATIENCE_MS);
    });
    try {
      return await Promise.race([this.seek(host), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private seek(host: string): Promise<readonly string[]> {
    const under = this.sought.get(host);
    if (under !== undefined) return under;
    const sought = this.last.then(() => this.found(host));
    this.sought.set(host, sought);
    this.last = sought;
    return sought;
  }

  private async found(host: string): Promise<readonly string[]> {
    try {
      return (await this.resolve(host)).map(({ address }) => address);
    } catch {
      return [];
    } finally {
      this.sought.delete(host);
    }
  }
}
