/** Whoever types tsoverlay's commands on a host of the lab, and looks at the clock and at what they cost. */
import { join } from 'node:path';
import type { Outcome } from '../command.js';
import type { DockerHost } from '../lab.js';
import { PLUGIN_MAIN } from '../paths.js';

const COST = join(import.meta.dirname, 'cost.mjs');
/** Every command has an answer by then, ms; those that probe take longer. The machine starts Node while it has other things to do. */
const LONGEST_MS = 6_000;
const PROBING = new Map([
  ['doctor', 11_000],
  ['report', 16_000],
]);
const MOST_MB = 100;

export interface Told extends Outcome {
  readonly ms: number;
  readonly mb: number;
}

/** Without settings: a command finds those of the one that serves, or served last. Rejects when it costs too much. */
export async function tsoverlay({ host }: DockerHost, ...words: readonly string[]): Promise<Told> {
  const began = performance.now();
  const node = [process.execPath, '--import', COST, PLUGIN_MAIN];
  const { stderr: all, ...outcome } = await host.attempt(...node, ...words);
  const ms = Math.round(performance.now() - began);
  const [, kb = ''] = /^maxrss (\d+)$/m.exec(all) ?? [];
  const mb = Math.round(Number(kb) / 1000);
  const told = { ...outcome, stderr: all.replace(/^maxrss \d+\n?/m, '').trimEnd(), ms, mb };
  if (ms > (PROBING.get(words[0] ?? '') ?? LONGEST_MS) || mb > MOST_MB || kb === '')
    throw new Error(`tsoverlay ${words.join(' ')} took ${ms} ms and ${mb} MB: ${JSON.stringify(told)}`);
  return told;
}

/** What a command says with `--json`. */
export async function json(h: DockerHost, ...words: readonly string[]): Promise<unknown> {
  return JSON.parse((await tsoverlay(h, ...words, '--json')).stdout);
}
