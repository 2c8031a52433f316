/** What a lab is made of, and where that is written down so that another process finds the lab again. */
import { mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineVersion } from './cache.js';
import { ENGINE } from './engine-choice.js';
import { PLUGIN_MAIN, STATE, stateFolder } from './paths.js';
import { identify, isAlive, type ProcessRef } from './process.js';

const FILE = 'lab.json';

export interface LabOptions {
  /** Names namespaces and folders on the machine; a lab of the same name is taken down first. */
  readonly name: string;
  readonly engine: EngineVersion;
  readonly hosts: number;
  /** Of the LAN, bytes. */
  readonly mtu: number;
  readonly consul: boolean;
  /** True for a Consul that keeps its data over a restart; it takes 1.5 s to elect itself instead of 0.2 s. */
  readonly durableConsul: boolean;
  /** On so many hosts, from the first on, or on all or none: the others have an engine alone. */
  readonly plugin: boolean | number;
  /** The main.js that runs. */
  readonly main: string;
  /** True for tsoverlay as a managed plugin of the engine, not as a process. */
  readonly managed: boolean;
  /** Docker's own overlay driver over Consul, which only 20.10.5 still has. */
  readonly nativeOverlay: boolean;
  /** More options of every dockerd, e.g. `--live-restore`. */
  readonly engineOptions: readonly string[];
  /** True for a lab that is to outlive the process that boots it. */
  readonly keep: boolean;
}

export const DEFAULTS: LabOptions = {
  // Its own for each process, so that test runs side by side leave each other alone.
  name: `test${process.pid}`,
  engine: ENGINE,
  hosts: 2,
  mtu: 1500,
  consul: true,
  durableConsul: false,
  plugin: true,
  main: PLUGIN_MAIN,
  managed: false,
  nativeOverlay: false,
  engineOptions: [],
  keep: false,
};

/** lab.json in the lab's folder. */
export interface LabRecord {
  readonly options: LabOptions;
  /** The process that the lab belongs to; a lab without one is kept until it is taken down. */
  readonly owner?: ProcessRef | undefined;
}

/** Makes the lab's folder, in one move: one without a record would look like a dead lab to others. */
export async function writeRecord(options: LabOptions): Promise<void> {
  await mkdir(STATE, { recursive: true });
  const folder = await mkdtemp(join(STATE, '.'));
  const record: LabRecord = { options, owner: options.keep ? undefined : identify(process.pid) };
  await writeFile(join(folder, FILE), JSON.stringify(record));
  await rename(folder, stateFolder(options.name));
}

/** Undefined when there is no such lab, or what there is cannot be read. */
export async function readRecord(name: string): Promise<LabRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(stateFolder(name), FILE), 'utf8')) as LabRecord;
  } catch {
    return undefined;
  }
}

/** Whose lab it is: another living process's, nobody's any more, or that of whoever asks (as a kept one is). */
export async function ownership(name: string): Promise<'foreign' | 'orphan' | 'own'> {
  const record = await readRecord(name);
  if (!record) return 'orphan';
  const { owner } = record;
  if (!owner || owner.pid === process.pid) return 'own';
  return isAlive(owner) ? 'foreign' : 'orphan';
}
