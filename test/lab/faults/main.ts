/** `npm run test:faults -- [--seed N] [--seconds N] [--engine V]`: all fault tests, and the table of what they saw. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { execa } from 'execa';
import { ENGINE_VERSIONS } from '../cache.js';
import { ENGINE } from '../engine-choice.js';
import { rows } from './record.js';

const ROOT = join(import.meta.dirname, '../../..');
const DOCUMENT = join(ROOT, 'docs/reliability.md');
const [BEGIN, END] = ['<!-- written by npm run test:faults -->', '<!-- end -->'];

const number = (text: string): number => {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 0) throw new InvalidArgumentError('a whole number');
  return n;
};

const { seed, seconds, engine, only } = new Command()
  .option('--seed <n>', 'of the random run', number, 1)
  .option('--seconds <n>', 'of the random run', number, 300)
  .addOption(new Option('--engine <version>', 'of all of them').choices(ENGINE_VERSIONS).default(ENGINE))
  .option('--only <part>', 'only the test files whose name has this part', '')
  .parse()
  .opts<{ seed: number; seconds: number; engine: string; only: string }>();

const env = { FAULT_SEED: String(seed), FAULT_SECONDS: String(seconds), TSOVERLAY_ENGINE: engine };
const { exitCode } = await execa('npx', ['vitest', 'run', '--project', 'faults', `test/lab/faults/${only}`], {
  cwd: ROOT,
  env,
  stdio: 'inherit',
  reject: false,
});
await writeTable();
process.exitCode = exitCode ?? 1;

async function writeTable(): Promise<void> {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const all = rows();
  const tables = [...ENGINE_VERSIONS].reverse().flatMap((version) => {
    const own = all.filter((row) => row.engine === version);
    const lines = own.map(({ fault, seen }) => `| ${cell(fault)} | ${cell(seen)} |`);
    return own.length === 0 ? [] : [`## Docker ${version}`, '', '| fault | seen |', '|---|---|', ...lines, ''];
  });
  const table = [BEGIN, '', ...tables, END].join('\n');
  const before = await readFile(DOCUMENT, 'utf8').catch(() => `# Reliability\n\n${BEGIN}\n${END}\n`);
  const [head = '', rest = ''] = before.split(BEGIN);
  await writeFile(DOCUMENT, head + table + (rest.split(END)[1] ?? '\n'));
}
