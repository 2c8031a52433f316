/** The rows of docs/attacks.md: each flood leaves the figures that were seen, and `npm run test:attacks` makes the table. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineVersion } from '../cache.js';
import type { Assault } from './assault.js';
import { BOTH } from './field.js';
import { drift, ratio } from './figures.js';

const FOLDER = join(import.meta.dirname, '../../../build/attacks');

export interface Where {
  readonly engine: EngineVersion;
  readonly plugin: string;
  /** Place in the table. */
  readonly order: number;
  readonly seconds: number;
}

export interface Row extends Where {
  readonly title: string;
  /** In a second. */
  readonly strikes: number;
  /** FDB entries that nobody planned. */
  readonly learned: number;
  readonly failings: readonly string[];
  /** Of the attacker's host and of the other one. */
  readonly hosts: readonly {
    /** MiB, with its sign. */
    readonly rss: number;
    /** Milliseconds. */
    readonly p50: number;
    readonly p99: number;
    readonly quietP99: number;
    readonly ratio: number;
    readonly runs: number;
    /** Packets to the other host; rows of before have none. */
    readonly lost?: number;
  }[];
}

/** Called at the end of a flood, whatever came of it. */
export async function record({ during, quiet, ...seen }: Assault, where: Where): Promise<void> {
  const hosts = BOTH.map((host) => ({
    rss: drift(during[host]),
    p50: during[host].names.p50 / 1000,
    p99: during[host].names.p99 / 1000,
    quietP99: quiet[host].names.p99 / 1000,
    ratio: during[host].runs.length > 0 && quiet[host].runs.length > 0 ? ratio(during[host], quiet[host]) : 0,
    runs: during[host].runs.length,
    lost: during[host].pings.lost,
  }));
  const row: Row = { ...where, ...seen, hosts };
  await mkdir(FOLDER, { recursive: true });
  const file = `${where.engine}-${where.plugin}-${seen.title}`.replaceAll(/[^a-z0-9.]+/gi, '-');
  await writeFile(join(FOLDER, `${file}.json`), JSON.stringify(row));
}

export function rows(): readonly Row[] {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Row)
    .sort((a, b) => a.order - b.order);
}
