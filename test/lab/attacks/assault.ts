/** One flood from beginning to end: the flood, what was seen meanwhile, what came of it. */
import { mostLearned, orderAtRest, recovers } from './aftermath.js';
import { BOTH, type Field } from './field.js';
import { type Figures, failings } from './figures.js';
import { type Flood, POWERS, type Power, titleOf } from './floods.js';
import { type ByHost, plugins, strikes, watch } from './watch.js';

/** Longer than anybody watches: the flood is ended from outside, and then says how often it struck. */
const LONG_S = 600;

export type Watched = ByHost<Figures>;

export interface Assault {
  readonly title: string;
  /** In a second. */
  readonly strikes: number;
  /** FDB entries that nobody planned, at the end of the flood. */
  readonly learned: number;
  readonly quiet: Watched;
  readonly during: Watched;
  /** What was promised and not seen. */
  readonly failings: readonly string[];
}

export interface Surroundings {
  /** What was seen before. */
  readonly quiet: Watched;
  /** What was seen beside the control, which burns as much and attacks nobody. */
  readonly control?: Watched | undefined;
  /** See {@link Measure}. */
  readonly slack: number;
}

/** Attacks for so many seconds, or a little longer, with half a CPU of host 1. */
export async function assault(
  field: Field,
  flood: Flood,
  power: Power,
  seconds: number,
  { quiet, control = quiet, slack }: Surroundings,
): Promise<Assault> {
  const before = await orderAtRest(field);
  const alive = plugins(field);
  const attack = ['attack', String(LONG_S), ...flood.command(field.targets)];
  const options = ['-d', '--name', 'attacker', '--cpus', '0.5', '--net', 'hit', ...POWERS[power]];
  await field.host(1).engine.docker('run', ...options, 'busybox', ...attack);
  const start = performance.now();
  const during = await watch(field, seconds, alive, flood.injects === true);
  const lasted = (performance.now() - start) / 1000;
  const dead = BOTH.some((host) => during[host].death !== undefined);
  const struck = (await endAttacker(field)) / lasted;
  const learned = dead ? 0 : await mostLearned(field);
  const found = BOTH.flatMap((host) => {
    const noise = Math.max(quiet[host].names.p99, control[host].names.p99);
    return failings(during[host], { quiet: quiet[host], noise, seconds: lasted, slack }).map(
      (f) => `host ${host}: ${f}`,
    );
  });
  if (!dead && struck < flood.least) found.push(`the flood itself: only ${struck.toFixed(2)} strikes a second`);
  if (!dead)
    await recovers(field, before).catch((e: unknown) =>
      found.push(`afterwards: ${e instanceof Error ? e.message : String(e)}`),
    );
  return { title: titleOf(flood, power), strikes: struck, learned, quiet, during, failings: found };
}

/** How often it has struck. */
async function endAttacker(field: Field): Promise<number> {
  const { engine } = field.host(1);
  await engine.attempt('kill', '--signal', 'TERM', 'attacker');
  await engine.attempt('wait', 'attacker');
  const { stdout, stderr } = await engine.attempt('logs', 'attacker');
  await engine.attempt('rm', '-f', 'attacker');
  if (!stdout.includes('struck')) throw new Error(`the attacker said: ${stdout}${stderr}`);
  return strikes(stdout);
}
