/** What this host knew of the cluster last, read like a store; of networks that it takes no part in without endpoints. */
import type { Entry, Store } from '../../model/ports/ports.js';
import type { ClusterCopy } from './cluster-copy.js';

export type Readable = Pick<Store, 'get' | 'keys' | 'list'>;

export class Remembered implements Readable {
  private readonly entries: readonly Entry[];

  constructor(copy: ClusterCopy) {
    this.entries = Object.values(copy)
      .flat()
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.entries.find((entry) => entry.key === key);
  }

  async list(prefix: string) {
    return { entries: this.entries.filter(({ key }) => key.startsWith(prefix)), index: 0 };
  }

  async keys(prefix: string): Promise<readonly string[]> {
    return (await this.list(prefix)).entries.map(({ key }) => key);
  }
}
