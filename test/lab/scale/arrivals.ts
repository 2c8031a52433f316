/** When news of an endpoint has reached a host: the entries in the kernel's tables, and the name in a container there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { namespaceName, namespacePath } from '../../../src/model/values/names.js';
import type { NetworkId } from '../../../src/model/values/types.js';
import { Client } from '../../kernel/dns-namespace.js';
import { until } from '../process.js';
import type { Container } from './engine-containers.js';
import type { LightHost } from './light-host.js';
import { Tables } from './tables.js';

const LIMIT_S = 60;
/** Between two questions, ms: each costs the plugin some 0.1 ms. */
const ASK_MS = 3;

/** By performance.now(). */
export interface Arrival {
  readonly fdb: number;
  readonly neighbour: number;
}

export class Arrivals {
  private constructor(
    private readonly tables: Tables,
    /** In the namespace of the container that stays on the host. */
    private readonly client: Client,
  ) {}

  /** `resident`: a container there, which asks for names. */
  static async on(h: LightHost, network: NetworkId, resident: Container): Promise<Arrivals> {
    const tables = await Tables.of(h.path(namespacePath(namespaceName(network))));
    return new Arrivals(tables, new Client(h.path(resident.sandbox)));
  }

  /** Once both entries are in the kernel. */
  async inKernel({ address, mac }: Container): Promise<Arrival> {
    const { fdb, neighbours } = this.tables;
    await until(`${address} in the kernel`, LIMIT_S, () => fdb.has(mac) && neighbours.has(address), 5);
    return { fdb: fdb.get(mac) ?? 0, neighbour: neighbours.get(address) ?? 0 };
  }

  /** Once the name has answered with the address. */
  async named({ address, name }: Pick<Container, 'address' | 'name'>): Promise<number> {
    const end = performance.now() + LIMIT_S * 1000;
    while (performance.now() < end) {
      const found: readonly unknown[] = await this.client.ask(name, 'A', 100).catch(() => []);
      if (found.includes(address)) return performance.now();
      await sleep(ASK_MS);
    }
    throw new Error(`${name} did not answer within ${LIMIT_S} s`);
  }

  close(): void {
    this.tables.close();
    this.client.close();
  }
}
