/** The plugin that a lab runs is the one of this working tree: another one would be tested without a word. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PLUGIN_MAIN, ROOT } from './paths.js';

/** The last file that `npm run build` writes. */
const LAST = join(ROOT, 'dist/page.json');
const SOURCE = /\.(tsx?|css|html)$/;
const CURE = 'npm run build';

let isFresh = false;

/** Throws where nothing was built, or a source is newer; looks once in a process. */
export function requireBuild(): void {
  if (isFresh) return;
  const built = statSync(LAST, { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) throw new Error(`${PLUGIN_MAIN} was not built to the end: ${CURE}`);
  const sources = ['src', 'page'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  );
  const newer = sources.find((path) => SOURCE.test(path) && statSync(join(ROOT, path)).mtimeMs > built);
  if (newer !== undefined) throw new Error(`${newer} is newer than ${PLUGIN_MAIN}: ${CURE}`);
  isFresh = true;
}
