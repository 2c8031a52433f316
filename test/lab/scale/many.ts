/** Mode `many`: hundreds of networks, one host that takes part in most of them and others that take part in none. */
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../bench/statistics.js';
import { until } from '../process.js';
import type { AttachTimes, Container } from './engine-containers.js';
import type { LightHost } from './light-host.js';
import { type Cost, costOf, type Use } from './meter.js';
import { Site } from './site.js';
import { networkSpec } from './stage.js';

/** Samples in ms, but for what is counted. */
export interface Many {
  readonly real: number;
  readonly hosts: number;
  readonly networks: number;
  /** Of them, those that one host takes part in. */
  readonly kept: number;
  /** A network more: the plugin's calls where it is made, and the CPU of each other host, beside a few and beside all. */
  readonly create: Grown;
  readonly createCpu: Grown;
  readonly connections: number;
  /** RequestAddress and CreateEndpoint of a host that takes part in three, and in most. */
  readonly commits: Grown;
  /** What an attach costs those that take no part in its network. */
  readonly bystander: Cost;
}

export interface Grown {
  readonly few: readonly number[];
  readonly many: readonly number[];
}

const NETWORKS = 500;
const KEPT = 300;
const CREATIONS = 10;
const ATTACHES = 15;
const PAUSE_MS = 400;
const IDLE_SECONDS = 6;

export async function measureMany(real: number, hosts: number, tell: (line: string) => void): Promise<Many> {
  const site = await Site.boot(real, hosts - real, tell);
  try {
    const [maker, keeper, ...others] = site.hosts;
    const bystander = others.at(-1);
    if (maker === undefined || keeper === undefined || bystander === undefined)
      throw new Error('three real hosts at least');
    const first = await creations(site, maker, 'early', 20);
    await site.records.makeNetworks(NETWORKS, '10.64.0.0', 300);
    const last = `net${NETWORKS - 1}`;
    const all = () =>
      site.hosts.every((h) => h.engine.networks.find(last) && h.engine.networks.list().length > NETWORKS);
    await until(`${NETWORKS} networks on all hosts`, 300, all, 200);
    await sleep(4000);
    tell(`${NETWORKS} networks on all hosts`);
    const beside = await creations(site, maker, 'late', 21);
    tell('networks made beside them');
    for (const n of [0, 1, 2]) await keeper.run(`net${n}`, `keeper-${n}`);
    const few = await commits(keeper);
    let connections = 0;
    const counting = setInterval(() => {
      connections = Math.max(connections, keeper.connections());
    }, 100);
    for (let n = 3; n < KEPT; n++) await keeper.run(`net${n}`, `keeper-${n}`);
    tell(`${KEPT} networks on one host`);
    await sleep(4000);
    const many = await commits(keeper);
    clearInterval(counting);
    return {
      ...{ real, hosts, networks: NETWORKS, kept: KEPT, connections },
      create: { few: first.ms, many: beside.ms },
      createCpu: { few: first.cpu, many: beside.cpu },
      commits: { few, many },
      bystander: await aside(site, maker, bystander),
    };
  } finally {
    await site.down();
  }
}

/** Makes networks one by one; the first ones are not measured, for what runs for the first time is not compiled yet. */
async function creations(site: Site, maker: LightHost, name: string, second: number) {
  const ms: number[] = [];
  const create = (n: number) => async () => {
    const network = `${name}${n}`;
    ms.push(await maker.engine.networks.create(networkSpec(network, `172.${second}.${n}.0/24`)));
    await site.everywhere(network);
    await sleep(PAUSE_MS);
  };
  for (const n of [0, 1]) await create(n)();
  ms.length = 0;
  const idle = await site.idle(IDLE_SECONDS);
  const used = await site.measure(Array.from({ length: CREATIONS }, (_, n) => create(n + 2)));
  const others = site.hosts.filter((h) => h !== maker);
  return { ms, cpu: others.map((h) => cost(used, idle, h).cpu) };
}

const cost = (used: Uses, idle: Uses, h: LightHost): Cost => costOf(used.get(h) ?? [], idle.get(h) ?? []);
type Uses = ReadonlyMap<LightHost, readonly Use[]>;

async function commits(keeper: LightHost): Promise<readonly number[]> {
  const runs: (Container & AttachTimes)[] = [];
  for (let n = 0; n < ATTACHES; n++) runs.push(await keeper.run('net1', `commit-${n}`));
  for (const run of runs) await keeper.engine.containers.remove(run);
  return runs.map((run) => run.requestAddress + run.createEndpoint);
}

async function aside(site: Site, maker: LightHost, bystander: LightHost): Promise<Cost> {
  const idle = await site.idle(IDLE_SECONDS);
  const attach = (n: number) => async () => {
    await maker.run('early0', `aside-${n}`);
    await sleep(PAUSE_MS);
  };
  const used = await site.measure(Array.from({ length: ATTACHES }, (_, n) => attach(n)));
  return cost(used, idle, bystander);
}

export const growth = ({ few, many }: Grown): number => median(many) / median(few);
