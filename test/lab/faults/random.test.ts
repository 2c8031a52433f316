/**
 * Random work on three hosts while faults strike, and a checker over its history. `npm run test:faults -- --seed 7
 * --seconds 300` runs a longer one; what a seed draws is always the same, how the hosts interleave is not.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Lab } from '../lab.js';
import { within } from '../waiting.js';
import { violations } from './checker.js';
import { ENGINE } from './engine-choice.js';
import { History } from './history.js';
import { calm, settle } from './quiet.js';
import { record } from './record.js';
import { draw } from './schedule.js';
import { NETWORKS, World } from './world.js';

const HOSTS = 3;
const SEED = Number(process.env.FAULT_SEED ?? 1);
const SECONDS = Number(process.env.FAULT_SECONDS ?? 45);
const LOOK_EVERY_MS = 300;

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.boot({ hosts: HOSTS, engine: ENGINE, durableConsul: true });
  for (const [i, name] of NETWORKS.entries()) {
    const subnet = ['--subnet', `172.16.${i + 1}.0/24`, '--gateway', `172.16.${i + 1}.254`];
    await lab.host(1).docker('network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', ...subnet, name);
    for (const h of lab.hosts)
      await within(5_000, `${name} is on ${h.name}`, async () =>
        (await h.docker('network', 'ls', '--format', '{{.Name}}')).split('\n').includes(name),
      );
  }
});
afterAll(() => lab?.down());

it(
  `${SECONDS} s of random work under faults, seed ${SEED}, Docker ${ENGINE}`,
  async () => {
    const history = new History(join(import.meta.dirname, `../../../build/faults/history-${SEED}.jsonl`));
    const world = new World(lab, history);
    const schedule = draw(SEED, SECONDS, HOSTS);
    const at = async <T extends { readonly at: number }>(item: T, work: (item: T) => Promise<void>) => {
      await sleep(item.at);
      await work(item);
    };
    const troubles: unknown[] = [];
    const over = new AbortController();
    const looking = lab.hosts.map(async (_, i) => {
      while (!over.signal.aborted) {
        await world.look(i + 1);
        await sleep(LOOK_EVERY_MS);
      }
    });
    const outcomes = await Promise.allSettled([
      ...schedule.deeds.map((deed) => at(deed, (d) => world.act(d))),
      ...schedule.strikes.map((strike) => at(strike, (s) => world.strike(s))),
    ]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') troubles.push(outcome.reason);
    await calm(lab);
    const { rest, ms } = await settle(lab, world);
    over.abort();
    await Promise.all(looking);
    await history.close();

    const found = violations(history.events, rest);
    expect(troubles, 'everything that was switched off came on again').toEqual([]);
    expect(found, `see ${history.file}`).toEqual([]);
    const count = (kind: string) => history.events.filter((e) => e.kind === kind).length;
    const failed = history.events.filter((e) => e.kind === 'return' && !e.ok).length;
    const faults = history.events.filter((e) => e.kind === 'fault' && e.phase === 'begin').length;
    await record(
      `random work under faults, seed ${SEED}, ${SECONDS} s, Docker ${ENGINE}`,
      `${count('call')} commands (${failed} failed), ${faults} faults, ${count('look')} looks; ${rest.holdings.length} endpoints lived in the end, Consul agreed after ${Math.round(ms / 1000)} s; no violation`,
    );
  },
  (SECONDS + 400) * 1000,
);
