/** Short-lived commands of the lab. */
import { execa } from 'execa';
import { SLOWNESS } from './slowness.js';

/** What a command did; texts without the last line break. */
export interface Outcome {
  /** Exit status 0. */
  readonly ok: boolean;
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Surroundings {
  /** The whole environment; this process's own when absent. */
  readonly env?: NodeJS.ProcessEnv;
  /** Standard input; empty when absent. */
  readonly input?: string;
}

/** Two minutes. */
const LIMIT_MS = 120_000;

/** Runs a command to its end, whatever that is; rejects only when it cannot be run, or after {@link LIMIT_MS}. */
export async function attempt(argv: readonly string[], around: Surroundings = {}): Promise<Outcome> {
  const [file = '', ...args] = argv;
  const { exitCode, stdout, stderr, timedOut, message } = await execa(file, args, {
    env: around.env ?? process.env,
    extendEnv: false,
    reject: false,
    input: around.input ?? '',
    timeout: LIMIT_MS * SLOWNESS,
  });
  if (exitCode === undefined || timedOut) throw new Error(message ?? `${argv.join(' ')} did not end`);
  return { ok: exitCode === 0, status: exitCode, stdout, stderr };
}

/** Runs a command and gives its output; rejects, with what it wrote, when it fails. */
export async function run(argv: readonly string[], around?: Surroundings): Promise<string> {
  const { ok, stdout, stderr } = await attempt(argv, around);
  if (!ok) throw new Error(`${argv.join(' ')}: ${stderr || stdout || 'failed'}`);
  return stdout;
}
