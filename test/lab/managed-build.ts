/** The folder of the managed plugin, made anew when something that goes into it has changed. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { PLUGIN_FOLDER } from './managed-plugin.js';

const ROOT = join(import.meta.dirname, '../..');
const SOURCES = [
  'Dockerfile',
  'plugin-config.json',
  'package.json',
  'package-lock.json',
  'packaging/bundle',
  'packaging/node',
  'scripts/sbom.ts',
  'tsconfig.build.json',
  'src',
];

/** `npm run plugin` unless its result is newer than all that it is made of; half a minute when it is not. */
export async function freshPlugin(tell: (line: string) => void = () => {}): Promise<void> {
  if (isFresh()) return;
  tell('making the managed plugin: npm run plugin');
  await execa('npm', ['run', '--silent', 'plugin'], { cwd: ROOT });
}

/** Where it cannot be made: throws unless it is there, and newer than all that it is made of. */
export function requirePlugin(): void {
  if (!isFresh()) throw new Error(`${PLUGIN_FOLDER} is older than its sources, or missing: npm run plugin`);
}

const isFresh = (): boolean => madeAt() > Math.max(...SOURCES.map((name) => changedAt(join(ROOT, name))));

/** The folder's own time: the files in it have that of the packages they come from. */
const madeAt = (): number => (existsSync(PLUGIN_FOLDER) ? statSync(PLUGIN_FOLDER).mtimeMs : 0);

function changedAt(path: string): number {
  const stat = statSync(path);
  const inside = stat.isDirectory() ? readdirSync(path) : [];
  return Math.max(stat.mtimeMs, ...inside.map((name) => changedAt(join(path, name))));
}
