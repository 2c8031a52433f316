/** `npm run test:attacks -- [--engine V…] [--seconds N] [--only PART]`: all floods, and the table of what was seen. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { execa } from 'execa';
import { ENGINE_VERSIONS, type EngineVersion } from '../cache.js';
import { NEWEST } from '../engine-choice.js';
import { SUPPORTED } from '../tours.js';
import { rows } from './record.js';
import { tables } from './table.js';

const ROOT = join(import.meta.dirname, '../../..');
const DOCUMENT = join(ROOT, 'docs/attacks.md');
const [BEGIN, END] = ['<!-- written by npm run test:attacks -->', '<!-- end -->'];

const number = (text: string): number => {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 3) throw new InvalidArgumentError('a whole number, 3 at least');
  return n;
};

const { engine, seconds, only } = new Command()
  .addOption(new Option('--engine <version...>', 'on these').choices(ENGINE_VERSIONS).default(SUPPORTED))
  .option('--seconds <n>', 'of each flood', number, Number(process.env.TSOVERLAY_ATTACK_SECONDS ?? 60))
  .option('--only <part>', 'only floods whose title has this part', '')
  .parse()
  .opts<{ engine: readonly EngineVersion[]; seconds: number; only: string }>();

for (const version of engine) {
  // The managed plugin has the same code on each engine: once is enough.
  const files = version === NEWEST ? ['floods', 'managed'] : ['floods'];
  const { exitCode } = await execa(
    'npx',
    ['vitest', 'run', '--project', 'attacks', ...files.map((file) => `test/lab/attacks/${file}.test.ts`)],
    {
      cwd: ROOT,
      env: { TSOVERLAY_ENGINE: version, TSOVERLAY_ATTACK_SECONDS: `${seconds}`, TSOVERLAY_ATTACK_ONLY: only },
      stdio: 'inherit',
      reject: false,
    },
  );
  if (exitCode !== 0) process.exitCode = exitCode ?? 1;
}

const [head = '', rest = ''] = (await readFile(DOCUMENT, 'utf8')).split(BEGIN);
await writeFile(DOCUMENT, [head, BEGIN, '\n\n', tables(rows()), END, rest.split(END)[1] ?? '\n'].join(''));
