/** Mode `rush`: a rack gets its power back, all its hosts start containers at once; then Consul dies and comes back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../src/errors.js';
import { timed } from '../bench/rounds.js';
import type { LightHost } from './light-host.js';
import { isLeaseList, isWrite } from './requests.js';
import { Site } from './site.js';
import { networkSpec } from './stage.js';

export interface Rush {
  readonly real: number;
  readonly containers: number;
  /** Addresses alone, all at once: how many were got, and transactions for each. */
  readonly addresses: { readonly got: number; readonly writes: number; readonly lists: number; readonly ms: number };
  /** Whole starts, all at once. */
  readonly starts: { readonly done: number; readonly writes: number; readonly ms: number; readonly trouble: string };
  readonly outage: Outage;
}

export interface Outage {
  readonly seconds: number;
  /** From the new leader to the end of an attach on each host, ms. */
  readonly attached: readonly number[];
  /** Requests of each host per second in the time after. */
  readonly requests: readonly number[];
  readonly after: number;
}

const NETWORK = 'rush';
const EACH = 15;
const OUTAGE_S = 8;
const AFTER_S = 30;
/** For what is done once the last answer is there: names, marks. */
const SETTLE_MS = 5_000;
const RETRY_MS = 50;

export async function measureRush(real: number, tell: (line: string) => void): Promise<Rush> {
  const site = await Site.boot(real, 0, tell);
  try {
    const maker = site.host(1);
    await maker.engine.networks.create(networkSpec(NETWORK, '172.16.0.0/16'));
    await site.everywhere(NETWORK);
    await sleep(SETTLE_MS);
    const addresses = await rushForAddresses(site);
    tell('addresses');
    await sleep(SETTLE_MS);
    const starts = await rushToStart(site);
    tell('starts');
    await sleep(SETTLE_MS);
    return { real, containers: real * EACH, addresses, starts, outage: await cutOff(site) };
  } finally {
    await site.down();
  }
}

const onEach = <T>(site: Site, work: (h: LightHost, n: number) => Promise<T>) =>
  Promise.allSettled(site.hosts.flatMap((h) => Array.from({ length: EACH }, (_, n) => work(h, n))));

async function rushForAddresses(site: Site): Promise<Rush['addresses']> {
  const log = site.requests();
  const request = (h: LightHost) => h.engine.containers.requestAddress(h.network(NETWORK));
  let results: Awaited<ReturnType<typeof onEach<string>>> = [];
  const ms = await timed(async () => {
    results = await onEach(site, request);
  });
  const asked = log.all();
  const got = results.flatMap((r, i) => (r.status === 'fulfilled' ? [[i, r.value] as const] : []));
  for (const [i, address] of got) {
    const h = site.host(Math.floor(i / EACH) + 1);
    await h.engine.containers.releaseAddress(h.network(NETWORK), address);
  }
  const writes = asked.filter(isWrite).length / results.length;
  return { got: new Set(got.map(([, a]) => a)).size, writes, lists: asked.filter(isLeaseList).length, ms };
}

async function rushToStart(site: Site): Promise<Rush['starts']> {
  const log = site.requests();
  let results: Awaited<ReturnType<typeof onEach<unknown>>> = [];
  const ms = await timed(async () => {
    results = await onEach(site, (h, n) => h.run(NETWORK, `rush-${h.name}-${n}`));
  });
  await sleep(SETTLE_MS);
  const failed = results.flatMap((r) => (r.status === 'rejected' ? [messageOf(r.reason)] : []));
  const writes = log.all().filter(isWrite).length / results.length;
  return { done: results.length - failed.length, writes, ms, trouble: failed[0] ?? '' };
}

/** Twice: once to see what hosts ask for by themselves, once to see how soon all can attach. */
async function cutOff(site: Site): Promise<Outage> {
  const log = site.requests();
  await restart(site);
  const before = log.all().length;
  await sleep(AFTER_S * 1000);
  const asked = log.all().slice(before);
  const requests = site.hosts.map((h) => asked.filter((r) => r.from === h.host.address).length / AFTER_S);
  await restart(site);
  const leader = performance.now();
  const attached = await Promise.all(
    site.hosts.map(async (h) => {
      await patiently(() => h.run(NETWORK, `after-${h.name}`));
      return performance.now() - leader;
    }),
  );
  return { seconds: OUTAGE_S, attached, requests, after: AFTER_S };
}

async function restart(site: Site): Promise<void> {
  await site.consul.kill();
  await sleep(OUTAGE_S * 1000);
  await site.consul.start();
}

async function patiently(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await work();
      return;
    } catch (e) {
      if (tries === 200) throw e;
      await sleep(RETRY_MS);
    }
  }
}
