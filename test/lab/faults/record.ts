/** The rows of docs/reliability.md: each test leaves the figures it has seen, and the fault suite makes the table. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineVersion } from '../cache.js';
import { ENGINE } from '../engine-choice.js';

const FOLDER = join(import.meta.dirname, '../../../build/faults');

export interface Row {
  readonly engine: EngineVersion;
  readonly fault: string;
  /** What was seen, with figures. */
  readonly seen: string;
}

/** Called at the end of a test, when all of it has held. */
export async function record(fault: string, seen: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const file = `${ENGINE}-${fault.replaceAll(/[^a-z0-9]+/gi, '-').slice(0, 100)}.json`;
  await writeFile(join(FOLDER, file), JSON.stringify({ engine: ENGINE, fault, seen } satisfies Row));
}

export function rows(): readonly Row[] {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Row);
}

/** What tsoverlay said, of all that stands at the docker prompt. */
export const ourWords = (stderr: string): string => /tsoverlay: .*/.exec(stderr)?.[0] ?? stderr;
