/** Mode `onebig`: one network that grows, point by point, and then addresses of its full pool beside those of an empty one. */

import { timed } from '../bench/rounds.js';
import type { Pair } from '../bench/statistics.js';
import { type Effort, measurePoint, type Point } from './growth.js';
import { isLeaseList, isWrite } from './requests.js';
import { Site } from './site.js';
import { networkSpec, Stage } from './stage.js';

export interface OneBig {
  /** Hosts with a plugin, and all of them. */
  readonly real: number;
  readonly hosts: number;
  readonly points: readonly Point[];
  readonly addresses: Addresses;
}

/** RequestAddress, ms: of the full pool and of the empty one, one after the other. */
interface Addresses {
  readonly pairs: readonly Pair[];
  /** Transactions per address, and lists of leases in all. */
  readonly writes: number;
  readonly lists: number;
}

const EMPTY = { name: 'empty', pool: '172.17.0.0/16' };
const SIZES = [50, 500, 1000, 2000, 5000];
const EFFORT: Effort = { attaches: 20, pauseMs: 300, named: 8, namedPauseMs: 800, idleSeconds: 6 };
const PAIRS = 25;

/** `most`: endpoints of the last point. */
export async function measureOneBig(
  real: number,
  hosts: number,
  most: number,
  tell: (line: string) => void,
): Promise<OneBig> {
  const site = await Site.boot(real, hosts - real, tell);
  try {
    const stage = await Stage.set(site);
    const points: Point[] = [];
    for (const size of [...SIZES.filter((n) => n < most), most]) {
      await stage.grow(size, Math.floor(size / hosts));
      points.push(await measurePoint(stage, size, EFFORT));
      tell(`${size} endpoints`);
    }
    return { real, hosts, points, addresses: await measureAddresses(stage) };
  } finally {
    await site.down();
  }
}

async function measureAddresses({ site, starter, network }: Stage): Promise<Addresses> {
  await starter.engine.networks.create(networkSpec(EMPTY.name, EMPTY.pool));
  // So that this host takes part in both.
  const [sandbox] = await starter.sandboxes(1);
  await starter.run(EMPTY.name, 'resident-of-empty', sandbox);
  const { containers } = starter.engine;
  const given: [string, string][] = [];
  const request = (name: string) =>
    timed(async () => given.push([name, await containers.requestAddress(starter.network(name))]));
  const log = site.requests();
  const pairs: Pair[] = [];
  for (let i = 0; i < PAIRS; i++) pairs.push([await request(network), await request(EMPTY.name)]);
  const asked = log.all().filter(({ from }) => from === starter.host.address);
  for (const [name, address] of given) await containers.releaseAddress(starter.network(name), address);
  return {
    pairs,
    writes: asked.filter(isWrite).length / given.length,
    lists: asked.filter(isLeaseList).length,
  };
}
