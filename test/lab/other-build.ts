/** The product with another version of its records, from the same source: the release before this one, and those after it. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RELEASE } from '../../src/model/cluster/release.js';
import { PLUGIN_MAIN } from './paths.js';

const DIST = join(PLUGIN_MAIN, '..');
/** Beside dist: the modules that it needs are found from there. */
const BUILDS = join(DIST, '../build/releases');

/** In this version the fields of networks and endpoints have other names, which no build of another version reads. */
const renamed = (from: string, to: string): string =>
  `{ read: ({ ${to}, ...rest }) => ({ ...rest, ${from}: ${to} }), write: ({ ${from}, ...rest }) => ({ ...rest, ${to}: ${from} }) }`;

/** Its main.js. Reads records up to `version` of the layout that all have so far. */
export async function olderBuild(version: number): Promise<string> {
  const folder = await copyOf(String(version));
  await change(join(folder, 'store/records/record-version.js'), {
    'export const RECORD_VERSION = 3;': `export const RECORD_VERSION = ${version};`,
  });
  return join(folder, 'main.js');
}

/** Its main.js. Reads records up to `version`, and has files of DATA_DIR that the older build does not know. */
export async function buildOf(version: number): Promise<string> {
  const folder = await copyOf(String(version));
  await change(join(folder, 'store/records/record-version.js'), {
    'export const RECORD_VERSION = 3;': `export const RECORD_VERSION = ${version};`,
    'const LAYOUTS = {};': `const LAYOUTS = { ${version}: { endpoints: ${renamed('mac', 'card')}, networks: ${renamed('subnets', 'parts')} } };`,
  });
  await change(join(folder, 'store/data-dir/data-file.js'), {
    'const VERSION = 1;': `const VERSION = ${version - 1};`,
  });
  return join(folder, 'main.js');
}

/** Its main.js. Of another release, which says and does the same. */
export async function releaseOf(release: string): Promise<string> {
  const folder = await copyOf(release);
  await change(join(folder, 'model/cluster/release.js'), {
    [`export const RELEASE = '${RELEASE}';`]: `export const RELEASE = '${release}';`,
  });
  return join(folder, 'main.js');
}

async function copyOf(name: string): Promise<string> {
  const folder = join(BUILDS, name);
  await rm(folder, { recursive: true, force: true });
  await cp(DIST, folder, { recursive: true });
  return folder;
}

async function change(file: string, changes: Readonly<Record<string, string>>): Promise<void> {
  let text = await readFile(file, 'utf8');
  for (const [from, to] of Object.entries(changes)) {
    if (text.split(from).length !== 2) throw new Error(`${file} does not have ${from} once`);
    text = text.replace(from, to);
  }
  await writeFile(file, text);
}
