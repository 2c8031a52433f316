/** Processes that outlive the one that started them, and are found again by whoever comes later. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SLOWNESS } from './slowness.js';

/** A process for good: a pid may be given again, a pid with its start time may not. */
export interface ProcessRef {
  readonly pid: number;
  /** Clock ticks since the machine's boot, as /proc/<pid>/stat has it. */
  readonly started: string;
}

interface Stat {
  /** One letter, e.g. `R` running, `S` sleeping, `T` stopped, `Z` zombie. */
  readonly state: string;
  readonly started: string;
}

function stat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name (field 2, in brackets) may have blanks of its own.
    const [state = '', ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, started: rest[18] ?? '' };
  } catch {
    return undefined;
  }
}

/** Undefined when there is no such process, or only its exit status is left. */
export function identify(pid: number): ProcessRef | undefined {
  const found = stat(pid);
  return found === undefined || 'ZX'.includes(found.state) ? undefined : { pid, started: found.started };
}

export const isAlive = (ref: ProcessRef): boolean => identify(ref.pid)?.started === ref.started;

/** Signals the process; one that has ended already is a success. */
export function signal(ref: ProcessRef, name: NodeJS.Signals): void {
  if (isAlive(ref)) process.kill(ref.pid, name);
}

/** Stops the process where it is (SIGSTOP); resolves when none of its threads runs any more. */
export async function freeze(ref: ProcessRef): Promise<void> {
  signal(ref, 'SIGSTOP');
  await until(`process ${ref.pid} to stop`, 5, () => {
    const tasks = readdirSync(`/proc/${ref.pid}/task`);
    return tasks.every((tid) => stat(Number(tid))?.state === 'T');
  });
}

/** Signals the process and waits until it is gone; rejects after `seconds`. */
export async function end(ref: ProcessRef, name: NodeJS.Signals, seconds: number): Promise<void> {
  signal(ref, name);
  await until(`process ${ref.pid} to end after ${name}`, seconds, () => !isAlive(ref));
}

/** Polls until `test` holds; rejects after `seconds`, naming what was waited for. */
export async function until(
  what: string,
  seconds: number,
  test: () => boolean | Promise<boolean>,
  pause = 20,
): Promise<void> {
  const deadline = performance.now() + seconds * 1000 * SLOWNESS;
  while (!(await test())) {
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
    await sleep(pause * SLOWNESS);
  }
}

export interface Daemon {
  /** A launcher (nsenter, unshare) that forks the process in question and waits for it. */
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Output goes to the end of this file. */
  readonly log: string;
}

/** Starts a process in a session of its own; rejects, with the end of its log, when it is gone at once. */
export async function startDaemon({ argv, env, log }: Daemon): Promise<ProcessRef> {
  const output = openSync(log, 'a');
  const [file = '', ...args] = argv;
  // Not execa: that would pipe the output through this process, and end the child with it.
  const launcher = spawn(file, args, { detached: true, stdio: ['ignore', output, output], env });
  launcher.unref();
  closeSync(output);
  let child: ProcessRef | undefined;
  await until(`${argv.join(' ')} to start`, 5, () => {
    child = onlyChild(launcher.pid ?? 0);
    return child !== undefined || launcher.exitCode !== null;
  });
  if (!child) throw new Error(`${argv.join(' ')} ended at once:\n${tail(log)}`);
  return child;
}

function onlyChild(pid: number): ProcessRef | undefined {
  try {
    const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return child === '' ? undefined : identify(Number(child));
  } catch {
    return undefined;
  }
}

/** The last lines of a log file. */
export const tail = (file: string, lines = 20): string =>
  readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
