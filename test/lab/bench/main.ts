/** `npm run bench`: tsoverlay measured beside the native overlay; the figures go to docs/benchmark.{md,json}. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { messageOf } from '../../../src/errors.js';
import { ENGINE_VERSIONS, type EngineVersion } from '../cache.js';
import { measureAttach } from './attach.js';
import { parseCalls, tabulate } from './calls.js';
import { goals, page, table } from './markdown.js';
import { measureNewest } from './newest.js';
import { PluginLog } from './plugin-log.js';
import { type Measurements, report } from './report.js';
import type { Rounds } from './rounds.js';
import { BASELINE, Site } from './site.js';
import { measureStays } from './stay.js';
import { surroundings } from './surroundings.js';
import { measureTraffic, serveTraffic } from './traffic.js';

/** Rounds of each kind, and seconds. */
const FULL = { first: 25, next: 15, stays: 15, traffic: 9, iperfSeconds: 2, newest: 15, idleSeconds: 30 };
const QUICK: typeof FULL = {
  ...{ first: 6, next: 4, stays: 4, traffic: 3 },
  ...{ iperfSeconds: 1, newest: 5, idleSeconds: 5 },
};

const DOCS = join(import.meta.dirname, '../../../docs');

const { quick, engine, out } = new Command('bench')
  .description('tsoverlay beside the native overlay driver')
  .option('--quick', 'few samples, about three minutes', false)
  .addOption(
    new Option('--engine <version>', 'engine of the second part, tsoverlay alone')
      .choices(ENGINE_VERSIONS)
      .default('28.5.2'),
  )
  .option('--out <folder>', 'where benchmark.md and benchmark.json go', DOCS)
  .parse()
  .opts<{ quick: boolean; engine: EngineVersion; out: string }>();

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

/** How many samples of whom had to be taken again. */
const failures: Record<string, number> = {};
function failed(contender: string, error: unknown): void {
  failures[contender] = (failures[contender] ?? 0) + 1;
  console.error(`\n${contender} failed, once more: ${messageOf(error)}`);
}

function rounds(count: number, title: string): Rounds {
  const progress = (done: number, of: number): void => {
    if (process.stdout.isTTY) process.stdout.write(`\r${title}: ${done} of ${of} rounds${done === of ? '\n' : ''}`);
    else if (done === of) console.log(`${title}: ${of} rounds`);
  };
  return { count, signal, progress, failed };
}

async function measure(counts: typeof FULL): Promise<Omit<Measurements, 'failures'>> {
  console.log(`booting two hosts with Docker ${BASELINE}, native overlay and tsoverlay side by side …`);
  const site = await Site.boot(console.log);
  const measured = await measureSite(site, counts).finally(() => site.lab.down());
  console.log(`and two hosts with Docker ${engine} …`);
  const newest = await measureNewest(engine, counts.idleSeconds, rounds(counts.newest, `Docker ${engine}`));
  return { ...measured, newest };
}

async function measureSite(site: Site, counts: typeof FULL): Promise<Omit<Measurements, 'newest' | 'failures'>> {
  const attach = async (count: number, title: string) => {
    const log = new PluginLog(site.here.plugin);
    return { attach: await measureAttach(site, rounds(count, title)), calls: tabulate(parseCalls(log.text())) };
  };
  const first = await attach(counts.first, 'attach and detach, first container on its host');
  const stays = await measureStays(site, rounds(counts.stays, 'names'));
  await serveTraffic(site);
  const next = await attach(counts.next, 'attach and detach, beside another container');
  const traffic = await measureTraffic(site, counts.iperfSeconds, rounds(counts.traffic, 'traffic'));
  return { first, stays, next, traffic };
}

/** Five digits: the others are noise. */
const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(5)) : value;

try {
  const finish = surroundings(BASELINE, quick);
  const measurements = await measure(quick ? QUICK : FULL);
  const figures = report({ ...measurements, failures });
  const around = finish();
  const { first, next, stays, traffic } = measurements;
  const samples = { first: first.attach, next: next.attach, stays, traffic };
  await mkdir(out, { recursive: true });
  await writeFile(join(out, 'benchmark.md'), page(figures, around));
  await writeFile(join(out, 'benchmark.json'), `${JSON.stringify({ around, ...figures, samples }, rounded, 2)}\n`);
  console.log(`\n${table(['what', 'goal', 'measured', ''], goals(figures))}\n\nwritten to ${out}/benchmark.{md,json}`);
} catch (e) {
  console.error(signal.aborted ? '\nstopped; the labs are gone' : e);
  process.exitCode = signal.aborted ? 130 : 1;
}
