/** One network that all real hosts but the last take part in, and that grows. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cidr, NetworkId } from '../../../src/model/values/types.js';
import { Arrivals } from './arrivals.js';
import type { Container } from './engine-containers.js';
import { newId } from './engine-networks.js';
import type { LightHost } from './light-host.js';
import type { Site } from './site.js';

const POOL = '172.16.0.0/16' as Cidr;
const BIG = 'big';
/** After thousands of records were written at once, s. */
const SETTLE_S = 4;

export class Stage {
  readonly network = BIG;
  private readonly id = newId() as NetworkId;
  private readonly residents = new Map<LightHost, Container>();

  private constructor(
    readonly site: Site,
    /** Where containers come and go. */
    readonly starter: LightHost,
    /** The others that take part. */
    readonly others: readonly LightHost[],
    /** Takes no part. */
    readonly bystander: LightHost,
  ) {}

  static async set(site: Site): Promise<Stage> {
    const [starter, ...rest] = site.hosts;
    const bystander = rest.pop();
    if (starter === undefined || bystander === undefined || rest.length === 0)
      throw new Error('three real hosts at least: one that starts containers, one that hears of it, one that must not');
    const stage = new Stage(site, starter, rest, bystander);
    await starter.engine.networks.create(networkSpec(BIG, POOL), stage.id);
    await site.everywhere(BIG);
    for (const h of [starter, ...rest]) {
      const [sandbox] = await h.sandboxes(1);
      stage.residents.set(h, await h.run(BIG, `resident-${h.name}`, sandbox));
    }
    return stage;
  }

  /** Grows to so many endpoints in all, `share` of them on the starter. */
  async grow(size: number, share: number): Promise<void> {
    const missing = Math.max(0, share - this.starter.engine.containers.list().length);
    const ids = await this.starter.sandboxes(missing);
    for (const id of ids) await this.starter.run(BIG, `share-${id.slice(0, 8)}`, id);
    const real = this.site.hosts.flatMap((h) => h.engine.containers.list());
    const gateways = (this.starter.network(BIG).IPAM?.Config ?? []).map((c) => c.Gateway ?? '');
    const taken = new Set([...real.map((c) => c.address), ...gateways]);
    const last = await this.site.records.grow(this.id, POOL, size - real.length, taken);
    if (last !== undefined) {
      const arrivals = await this.watch();
      await Promise.all(arrivals.map((a) => a.named(last)));
      for (const a of arrivals) a.close();
    }
    await sleep(SETTLE_S * 1000);
  }

  /** On each of the others: what arrives from now on. */
  watch(): Promise<readonly Arrivals[]> {
    return Promise.all(
      this.others.map((h) => {
        const resident = this.residents.get(h);
        if (resident === undefined) throw new Error(`nobody on ${h.name}`);
        return Arrivals.on(h, this.id, resident);
      }),
    );
  }
}

/** As `docker network create -d tsoverlay --ipam-driver tsoverlay --subnet …` asks for it. */
export const networkSpec = (name: string, subnet: string) => ({
  ...{ Name: name, Driver: 'tsoverlay', Options: {}, Labels: {}, Attachable: false },
  IPAM: { Driver: 'tsoverlay', Options: {}, Config: [{ Subnet: subnet }] },
});
