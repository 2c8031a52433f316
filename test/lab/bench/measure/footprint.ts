/** What the plugin itself takes: time to start, memory, processor. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DockerHost } from '../../lab.js';
import type { Site } from '../site.js';
import { TICKS_PER_SECOND } from './machine.js';
import { PluginLog } from './plugin-log.js';

export interface Idle {
  readonly seconds: number;
  /** User and system time used in them. */
  readonly cpuSeconds: number;
  /** Resident memory at their end, MiB. */
  readonly rssMiB: number;
}

export async function measureIdle(h: DockerHost, seconds: number, signal: AbortSignal): Promise<Idle> {
  const before = cpuSeconds(h);
  await sleep(seconds * 1000, undefined, { signal });
  return { seconds, cpuSeconds: cpuSeconds(h) - before, rssMiB: rssMiB(h) };
}

/** Stops and starts the plugin; milliseconds from the start of its process to the socket being served. */
export async function measureStart(site: Site, h: DockerHost): Promise<number> {
  await h.plugin.stop();
  const log = new PluginLog(h.plugin);
  const start = Date.now();
  await site.startPlugin(h);
  const serving = log.text().match(/"time":"([^"]+)".*"msg":"serving"/)?.[1];
  if (serving === undefined) throw new Error(`no line "serving" in ${h.plugin.log()}`);
  return Date.parse(serving) - start;
}

/** A host with a plugin. */
type Runner = Pick<DockerHost, 'name' | 'host'>;

function proc(h: Runner, file: string): string {
  const plugin = h.host.process('tsoverlay');
  if (!plugin) throw new Error(`tsoverlay does not run on ${h.name}`);
  return readFileSync(`/proc/${plugin.pid}/${file}`, 'utf8');
}

function cpuSeconds(h: DockerHost): number {
  const stat = proc(h, 'stat');
  // Fields 14 and 15; field 2, in brackets, may have blanks of its own.
  const [utime, stime] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(utime) + Number(stime)) / TICKS_PER_SECOND;
}

/** Resident memory of the host's plugin. */
export const rssMiB = (h: Runner): number => Number(proc(h, 'status').match(/^VmRSS:\s+(\d+) kB$/m)?.[1]) / 1024;
