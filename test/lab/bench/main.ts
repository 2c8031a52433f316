/** `npm run bench`: tsoverlay beside Docker's own overlays; the figures go to docs/benchmark.{md,json} and a picture. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { hasCode, messageOf } from '../../../src/errors.js';
import { claim, filled } from './report/claim.js';
import { goalsOf, goalTable } from './report/goals.js';
import { page } from './report/page.js';
import { picture } from './report/picture.js';
import { engineReport, type Section } from './report/report.js';
import type { Rounds } from './rounds.js';
import { type Effort, measureEngine, type Taken } from './run.js';
import { BENCH_ENGINES, type BenchEngine } from './site.js';
import { surroundings } from './surroundings.js';

const FULL: Effort = {
  ...{ first: 12, beside: 12, calls: 12, stays: 8, creations: 8, traffic: 7, starts: 5 },
  ...{ seconds: { stream: 1, exchange: 0.7, idle: 0.3 }, idleSeconds: 15 },
};
const QUICK: Effort = {
  ...{ first: 4, beside: 4, calls: 4, stays: 2, creations: 2, traffic: 2, starts: 1 },
  ...{ seconds: { stream: 1, exchange: 0.4, idle: 0.2 }, idleSeconds: 4 },
};

const ROOT = join(import.meta.dirname, '../../..');
const DOCS = join(ROOT, 'docs');
const README = join(ROOT, 'README.md');

/** Of benchmark.json: figures that were taken otherwise are left out. */
const SHAPE = 1;
/** An engine that is not measured is as it was before. */
type Kept = { readonly [E in BenchEngine]?: Section & { readonly samples: Taken } };

const { quick, engine, out } = new Command('bench')
  .description("tsoverlay beside Docker's own overlay drivers")
  .addOption(new Option('--engine <version...>', 'only on these').choices(BENCH_ENGINES).default(BENCH_ENGINES))
  .option('--quick', 'few samples, about five minutes', false)
  .option('--out <folder>', 'where benchmark.md, benchmark.json and the picture go; the README only with docs', DOCS)
  .parse()
  .opts<{ quick: boolean; engine: readonly BenchEngine[]; out: string }>();

// Between two samples the run ends by itself and takes its labs down; a later Ctrl-C ends it at once.
const interrupt = new AbortController();
let interrupted = Number.POSITIVE_INFINITY;
function stop(): void {
  // One Ctrl-C may come twice: from the terminal to all, and from whoever started us.
  if (performance.now() - interrupted > 1000) process.exit(130);
  if (!interrupt.signal.aborted) interrupted = performance.now();
  interrupt.abort();
}
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, stop);
const { signal } = interrupt;

function rounds(count: number, title: string, failures: Record<string, number>): Rounds {
  const failed = (contender: string, error: unknown): void => {
    failures[contender] = (failures[contender] ?? 0) + 1;
    console.error(`\n${contender} failed, once more: ${messageOf(error)}`);
  };
  const progress = (done: number, of: number): void => {
    if (process.stdout.isTTY) process.stdout.write(`\r${title}: ${done} of ${of} rounds${done === of ? '\n' : ''}`);
    else if (done === of) console.log(`${title}: ${of} rounds`);
  };
  return { count, signal, progress, failed };
}

/** Five digits: the others are noise. */
const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(5)) : value;

async function take(version: BenchEngine): Promise<void> {
  const finish = surroundings(quick);
  const failures: Record<string, number> = {};
  const counted = (count: number, title: string) => rounds(count, title, failures);
  const samples = await measureEngine(version, quick ? QUICK : FULL, counted);
  const report = engineReport(samples);
  const kept: Kept = { ...(await before()), [version]: { around: finish(), report, failures, samples } };
  await write(kept);
  const goals = goalsOf(report);
  console.log(`\n${goalTable(goals)}\n\nwritten to ${out}/benchmark.{md,json}`);
  if (goals.some(({ isRatio, met }) => isRatio && !met)) process.exitCode = 1;
}

async function before(): Promise<Kept> {
  try {
    const { shape, ...kept } = JSON.parse(await readFile(join(out, 'benchmark.json'), 'utf8')) as Kept & {
      readonly shape?: number;
    };
    return shape === SHAPE ? kept : {};
  } catch (e) {
    if (hasCode(e, 'ENOENT')) return {};
    throw e;
  }
}

async function write(kept: Kept): Promise<void> {
  const sections = BENCH_ENGINES.flatMap((version) => kept[version] ?? []);
  await mkdir(join(out, 'images'), { recursive: true });
  await writeFile(join(out, 'benchmark.json'), `${JSON.stringify({ shape: SHAPE, ...kept }, rounded, 1)}\n`);
  await writeFile(join(out, 'benchmark.md'), page(sections));
  await writeFile(join(out, 'images/benchmark.svg'), picture(sections.map(({ report }) => report)));
  if (out === DOCS) await writeFile(README, filled(await readFile(README, 'utf8'), claim(sections)));
}

try {
  for (const version of engine) await take(version);
} catch (e) {
  console.error(signal.aborted ? '\nstopped; the labs are gone' : e);
  process.exitCode = signal.aborted ? 130 : 1;
}
