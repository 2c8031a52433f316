/** Random work on hosts while faults strike, looks at all engines meanwhile, and the checker over what was seen. */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { ENGINE } from '../engine-choice.js';
import { Lab } from '../lab.js';
import type { LabOptions } from '../record.js';
import { within } from '../waiting.js';
import { violations } from './checker.js';
import { History } from './history.js';
import { calm, settle } from './quiet.js';
import type { Schedule } from './schedule.js';
import { NETWORKS, World } from './world.js';

const LOOK_EVERY_MS = 300;
const FOLDER = join(import.meta.dirname, '../../../build/faults');

/** A lab with the networks that the world works on. */
export async function bootWorld(options: Partial<LabOptions>): Promise<Lab> {
  const lab = await Lab.boot({ engine: ENGINE, durableConsul: true, ...options });
  try {
    for (const [i, name] of NETWORKS.entries()) {
      const subnet = ['--subnet', `172.16.${i + 1}.0/24`, '--gateway', `172.16.${i + 1}.254`];
      await lab.host(1).docker('network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', ...subnet, name);
      for (const h of lab.hosts)
        await within(5_000, `${name} is on ${h.name}`, async () =>
          (await h.docker('network', 'ls', '--format', '{{.Name}}')).split('\n').includes(name),
        );
    }
    return lab;
  } catch (e) {
    await lab.down();
    throw e;
  }
}

/** Fails on any violation; otherwise the figures, for the table. */
export async function randomRun(lab: Lab, { deeds, strikes }: Schedule, name: string): Promise<string> {
  const history = new History(join(FOLDER, `history-${name}.jsonl`));
  const world = new World(lab, history);
  const at = async <T extends { readonly at: number }>(item: T, work: (item: T) => Promise<void>) => {
    await sleep(item.at);
    await work(item);
  };
  const over = new AbortController();
  const looking = lab.hosts.map(async (_, i) => {
    while (!over.signal.aborted) {
      await world.look(i + 1);
      await sleep(LOOK_EVERY_MS);
    }
  });
  const outcomes = await Promise.allSettled([
    ...deeds.map((deed) => at(deed, (d) => world.act(d))),
    ...strikes.map((strike) => at(strike, (s) => world.strike(s))),
  ]);
  const troubles = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
  await calm(lab);
  const { rest, ms } = await settle(lab, world);
  over.abort();
  await Promise.all(looking);
  await history.close();

  const found = violations(history.events, rest);
  if (found.length + troubles.length > 0) await keepLogs(lab, name);
  expect(troubles, 'everything that was switched off came on again').toEqual([]);
  expect(found, `see ${history.file}`).toEqual([]);
  const count = (kind: string) => history.events.filter((e) => e.kind === kind).length;
  const failed = history.events.filter((e) => e.kind === 'return' && !e.ok).length;
  const faults = history.events.filter((e) => e.kind === 'fault' && e.phase === 'begin').length;
  return `${count('call')} commands (${failed} failed), ${faults} faults, ${count('look')} looks; ${rest.holdings.length} endpoints lived in the end, Consul agreed after ${Math.round(ms / 1000)} s; no violation`;
}

/** The lab goes with the test: what explains a violation stays beside its history. */
async function keepLogs(lab: Lab, name: string): Promise<void> {
  for (const h of lab.hosts)
    for (const service of ['tsoverlay', 'dockerd', 'consul'])
      await copyFile(h.host.log(service), join(FOLDER, `${name}-${h.name}-${service}.log`)).catch(() => undefined);
  const keys = await lab.consul.keys('tsoverlay/');
  const values = await Promise.all(keys.map(async (key) => `${key} ${(await lab.consul.value(key)) ?? ''}`));
  await writeFile(join(FOLDER, `${name}-consul.txt`), values.join('\n'));
}
