/** `npm run bench:scale`: what a cluster costs as it grows; the figures go to docs/scale.{md,json}. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { hasCode } from '../../../src/errors.js';
import { surroundings } from '../bench/surroundings.js';
import { attempt } from '../command.js';
import { measureMany } from './many.js';
import { measureOneBig } from './one-big.js';
import { type Figures, goalsOf, goalTable, page, type Sections } from './page.js';
import { measureRush } from './rush.js';

const DOCS = join(import.meta.dirname, '../../../docs');
const MODES = ['onebig', 'many', 'rush'] as const satisfies readonly (keyof Figures)[];
type Mode = keyof Figures;

/** Real hosts with hundreds of networks, and those that start containers at once. */
const [MIRRORS, RACK] = [6, 20];

/** Of scale.json: figures that were taken otherwise are left out. */
const SHAPE = 1;
type Kept = Sections & { readonly shape?: number };

const number = (text: string): number => {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 3) throw new InvalidArgumentError('a whole number, 3 or more');
  return n;
};

interface Wanted {
  readonly hosts: number;
  readonly real: number;
  readonly endpoints: number;
  readonly mode?: Mode;
  readonly out: string;
}

const wanted = new Command('bench:scale')
  .description('what a cluster costs as it grows')
  .option('--hosts <n>', 'real ones and records together', number, 100)
  .option('--real <n>', 'hosts with a plugin; the others are records', number, 12)
  .option('--endpoints <n>', 'of the big network in the end', number, 5000)
  .addOption(new Option('--mode <mode>', 'only this part').choices(MODES))
  .option('--out <folder>', 'where scale.md and scale.json go', DOCS)
  .parse()
  .opts<Wanted>();

const tell = (line: string): void => console.log(line);
const { hosts, endpoints, mode, out } = wanted;
const real = Math.min(wanted.real, hosts);

const measurements: { readonly [M in Mode]: () => Promise<Figures[M]> } = {
  onebig: () => measureOneBig(real, hosts, endpoints, tell),
  // Each of them gets all networks, one after the other, before anything can be measured.
  many: () => measureMany(Math.min(real, MIRRORS), hosts, tell),
  rush: () => measureRush(Math.min(hosts, RACK), tell),
};

async function take<M extends Mode>(which: M): Promise<void> {
  const finish = surroundings(false);
  const figures = await measurements[which]();
  const tree = (await attempt(['git', 'describe', '--always', '--dirty'])).stdout;
  const section: Sections = { [which]: { around: { ...finish(), tree }, figures } };
  const sections: Sections = { ...(await before()), ...section };
  await mkdir(out, { recursive: true });
  await writeFile(join(out, 'scale.json'), `${JSON.stringify({ shape: SHAPE, ...sections }, rounded, 1)}\n`);
  await writeFile(join(out, 'scale.md'), page(sections));
  const goals = goalsOf(section);
  tell(`\n${goalTable(goals)}\n\nwritten to ${out}/scale.{md,json}`);
  if (goals.some((g) => !g.met)) process.exitCode = 1;
}

async function before(): Promise<Sections> {
  try {
    const { shape, ...sections } = JSON.parse(await readFile(join(out, 'scale.json'), 'utf8')) as Kept;
    return shape === SHAPE ? sections : {};
  } catch (e) {
    if (hasCode(e, 'ENOENT')) return {};
    throw e;
  }
}

/** Four digits: the others are noise. */
const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;

for (const which of mode === undefined ? MODES : [mode]) await take(which);
