/** Watches both hosts for some seconds: the plugin's process, names, docker run. */
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BOTH, type Field, type HostNumber } from './field.js';
import type { Figures, Names } from './figures.js';
import { ping } from './ping.js';

/** Questions a second. */
const PACE = 100;
/** Where `attack vxlan` sends what it carries. */
const EAR = 7777;
/** Between two starts of containers on the two hosts; the machine has few processors, and all hosts are on it. */
const PAUSE_MS = 300;

/** Of both hosts together. */
const LEAST_TURNS = 4;

export interface Life {
  readonly pid: string;
  readonly rssMiB: number;
}

export type ByHost<T> = Readonly<Record<HostNumber, T>>;

/** The plugins as they are before something is done to them. */
export function plugins(field: Field): ByHost<Life> {
  const look = (host: HostNumber): Life => {
    const plugin = field.plugin(host);
    if (plugin === undefined) throw new Error(`no plugin runs on host ${host}`);
    return { pid: plugin.pid, rssMiB: rssMiB(plugin.proc) ?? 0 };
  };
  return { 1: look(1), 2: look(2) };
}

/**
 * Asks for names and sends packets across in the first half of the time, starts containers in the second: what starting a container costs a
 * machine with few processors is none of the attack's. It takes longer where each host has not had its turns yet, and
 * ends soon after a plugin's death: what comes then proves nothing more.
 */
export async function watch(
  field: Field,
  seconds: number,
  before: ByHost<Life> = plugins(field),
  listen = false,
): Promise<ByHost<Figures>> {
  const end = new AbortController();
  const deadline = performance.now() + seconds * 1000;
  const half = Math.max(1, Math.floor(seconds / 2));
  const from = BOTH.map((host) => logLength(field, host));
  const lives = Promise.all(BOTH.map((host) => watchProcess(field, host, before[host], end)));
  const heard = Promise.all(BOTH.map((host) => (listen ? hear(field, host, seconds) : 0)));
  const [names, crossed] = await Promise.all([
    Promise.all(BOTH.map((host) => ask(field, host, half))),
    Promise.all(BOTH.map((host) => ping(field, host, half))),
  ]);
  const runs = await runContainers(field, deadline, end.signal);
  end.abort();
  const [injected, life] = [await heard, await lives];
  const [one, two] = BOTH.map((host, i): Figures => {
    const [own, asked, across] = [life[i], names[i], crossed[i]];
    if (!own || !asked || !across) throw new Error(`host ${host} was not watched`);
    const said = complaints(field, host, from[i] ?? 0);
    return { ...own, ...runs[host], names: asked, pings: across, injected: injected[i] ?? 0, complaints: said };
  });
  if (!one || !two) throw new Error('there are two hosts');
  return { 1: one, 2: two };
}

async function watchProcess(
  field: Field,
  host: HostNumber,
  { pid, rssMiB: rssBefore }: Life,
  end: AbortController,
): Promise<Pick<Figures, 'death' | 'rss' | 'rssBefore'>> {
  const rss: number[] = [];
  for (;;) {
    const now = field.plugin(host);
    const size = now?.pid === pid ? rssMiB(now.proc) : undefined;
    if (size === undefined) {
      end.abort();
      return { death: `the plugin was dead after ${rss.length} s`, rssBefore, rss };
    }
    rss.push(size);
    if (end.signal.aborted) return { rssBefore, rss };
    await sleep(1_000, undefined, { signal: end.signal }).catch(() => {});
  }
}

function rssMiB(proc: string): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`${proc}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

/** The other host's container, asked for from this one's. */
async function ask(field: Field, host: HostNumber, seconds: number): Promise<Names> {
  const line = `exec victim${host} ask ${seconds} ${PACE} victim${host === 1 ? 2 : 1}`;
  const output = await field.site.docker(host, line);
  const [, asked, right, p50, p99] = /asked (\d+) right (\d+) p50 (\d+) p99 (\d+)/.exec(output)?.map(Number) ?? [];
  if (asked === undefined || right === undefined || p50 === undefined || p99 === undefined)
    throw new Error(`ask said: ${output}`);
  return { asked, right, p50, p99 };
}

async function hear(field: Field, host: HostNumber, seconds: number): Promise<number> {
  return strikes(await field.site.docker(host, `exec victim${host} attack ${seconds} listen ${EAR}`));
}

/** What `attack` says at its end. */
export function strikes(output: string): number {
  const count = /struck (\d+)/.exec(output)?.[1];
  if (count === undefined) throw new Error(`attack said: ${output}`);
  return Number(count);
}

/** Containers that come and go on the other network, one at a time, on one host and the other by turns. */
async function runContainers(
  field: Field,
  deadline: number,
  end: AbortSignal,
): Promise<ByHost<Pick<Figures, 'runs' | 'refusals'>>> {
  const seen = {
    1: { runs: [] as number[], refusals: [] as string[] },
    2: { runs: [] as number[], refusals: [] as string[] },
  };
  for (let turn = 0; !end.aborted && (turn < LEAST_TURNS || performance.now() < deadline); turn++) {
    const host: HostNumber = turn % 2 === 0 ? 1 : 2;
    const start = performance.now();
    const { ok, stderr } = await field.host(host).engine.attempt('run', '--rm', '--net', 'victim', 'busybox', 'true');
    // One that a dying plugin has cut off tells nothing that its death does not.
    if (ok) seen[host].runs.push(performance.now() - start);
    else if (!end.aborted) seen[host].refusals.push(stderr);
    await sleep(PAUSE_MS);
  }
  return seen;
}

const logLength = (field: Field, host: HostNumber): number => statSync(field.host(host).plugin.log()).size;

/** Lines of level warn (40) and above since then; in an engine's log its plugin's quotes are escaped. */
function complaints(field: Field, host: HostNumber, from: number): number {
  const since = readFileSync(field.host(host).plugin.log()).subarray(from).toString();
  return since.match(/\{\\?"level\\?":[456]0\b/g)?.length ?? 0;
}
