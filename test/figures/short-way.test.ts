/**
 * What the short way is worth, as figures: round trips by it and by the ordinary way, and by a cable that lies between both
 * ends, which is the most that anything can reach. Short turns, one after the other, each compared with those of its round: a
 * machine that others slow down slows all of a round.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VxlanGuard } from '../../src/kernel/rules/vxlan-guard.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { Bench, run } from '../kernel/bench.js';
import { makeGuard } from '../kernel/host-parts.js';
import { accelerate, ipOf } from '../kernel/short-way.js';
import { type Container, pings, Site } from '../kernel/site.js';
import { type Ends, RoundTrips } from '../round-trips/round-trips.js';
import { HOST1, HOST2 } from '../unit/model/fixtures.js';

const ROUNDS = 21;
const SECONDS = 0.12;
const WAYS = ['short', 'ordinary', 'cable'] as const;
type Way = (typeof WAYS)[number];
type Paths = Readonly<Record<'near' | 'far', Ends>>;

let trips: RoundTrips, bench: Bench;
const sites: Site[] = [];
const guards: VxlanGuard[] = [];
beforeEach(() => {
  trips = new RoundTrips();
  bench = new Bench();
});
afterEach(() => {
  for (const guard of guards.splice(0)) guard.close();
  for (const site of sites.splice(0)) site.close();
  bench.close();
  trips.close();
});

async function overlay(isShort: boolean): Promise<Paths> {
  const site = new Site();
  sites.push(site);
  for (const host of site.hosts) {
    if (isShort) await accelerate(site, host);
    const guard = withNamespace(host.path, () => new VxlanGuard(4, 'on', 4789));
    guards.push(guard);
    await makeGuard(guard, [HOST1, HOST2], [256]);
  }
  const [one, near, far] = (await site.fill(2, 1)) as [Container, Container, Container];
  for (const to of [near, far]) expect(pings(one, ipOf(to))).toBe(true);
  const to = (c: Container): Ends => ({ from: one.netns, to: c.netns, address: ipOf(c) });
  return { near: to(near), far: to(far) };
}

function cable(): Paths {
  const [from, to] = ['cable1', 'cable2'].map((name) => bench.namespace(name)) as [string, string];
  run(from, 'ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', to);
  for (const [i, netns] of [from, to].entries()) {
    run(netns, 'ip', 'address', 'add', `10.9.9.${i + 1}/24`, 'dev', 'eth0');
    run(netns, 'ip', 'link', 'set', 'eth0', 'up');
  }
  const ends = { from, to, address: '10.9.9.2' };
  return { near: ends, far: ends };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

test('figures: what round trips cost by the short way, by the ordinary one, and by a cable', async () => {
  const paths: Readonly<Record<Way, Paths>> = {
    short: await overlay(true),
    ordinary: await overlay(false),
    cable: cable(),
  };
  const ratios = new Map<string, number>();
  for (const [kind, to] of [
    ['tcp', 'far'],
    ['udp', 'far'],
    ['tcp', 'near'],
    ['udp', 'near'],
  ] as const) {
    const rounds: Record<Way, number>[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const costs = { short: 0, ordinary: 0, cable: 0 };
      for (let turn = 0; turn < WAYS.length; turn++) {
        const way = WAYS[(round + turn) % WAYS.length] as Way;
        costs[way] = (await trips.measure(kind, paths[way][to], SECONDS)).cost;
      }
      rounds.push(costs);
    }
    const [short, ordinary, cable] = WAYS.map((way) => median(rounds.map((r) => r[way])).toFixed(1));
    const [ratio, most] = [
      median(rounds.map((r) => r.ordinary / r.short)),
      median(rounds.map((r) => r.ordinary / r.cable)),
    ];
    const where = to === 'far' ? 'to another host' : 'on one host';
    console.log(
      `${kind} ${where}: ${short} µs of CPU instead of ${ordinary}, ${ratio.toFixed(2)} times as many; by a cable ${cable} µs, ${most.toFixed(2)} times`,
    );
    ratios.set(`${kind} ${to}`, ratio);
  }
  // What others do to the machine stays in a median within some hundredths.
  for (const kind of ['tcp', 'udp']) {
    expect(ratios.get(`${kind} far`), kind).toBeGreaterThan(0.97);
    expect(ratios.get(`${kind} near`), kind).toBeGreaterThan(0.95);
  }
}, 120_000);
