/**
 * `npm run plugin [-- --arch amd64|arm64]`: build/plugin/{config.json,rootfs/} for `docker plugin create`, and
 * build/plugin.cdx.json, the bill of materials. Runs the steps of the Dockerfile on this machine, so that neither an
 * engine nor a registry of images is needed.
 */
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { execa } from 'execa';
import { type Recipe, readRecipe } from './dockerfile.js';

const ROOT = join(import.meta.dirname, '..');
/** Beside the result, for a rename must not cross file systems. */
const BUILD = join(ROOT, 'build');
/** In the image; a copy stands beside the folder, which may hold nothing but what the engine takes. */
const SBOM = 'usr/share/doc/tsoverlay/sbom.cdx.json';

async function runSteps(recipe: Recipe, arch: string, folder: string): Promise<void> {
  const env = { ...Object.fromEntries(recipe.args), TARGETARCH: arch };
  for (const { verb, rest } of recipe.steps) {
    console.log(`${verb} ${rest.length > 100 ? `${rest.slice(0, 100)} …` : rest}`);
    if (verb === 'RUN') await execa('sh', ['-ec', rest], { cwd: folder, env, stdio: ['ignore', 'inherit', 'inherit'] });
    else await copy(rest.split(/\s+/), folder);
  }
}

/** As COPY does: the last name is the target, a folder when it ends in `/` or there are several sources. */
async function copy(names: readonly string[], folder: string): Promise<void> {
  const target = names.at(-1) ?? '';
  const sources = names.slice(0, -1);
  for (const source of sources) {
    const into = target.endsWith('/') || sources.length > 1 ? join(target, source) : target;
    await cp(join(ROOT, source), join(folder, into), { recursive: true });
  }
}

const { arch } = new Command('plugin')
  .addOption(new Option('--arch <name>', "architecture of the plugin, by default this machine's"))
  .parse()
  .opts<{ arch?: string }>();
const target = arch ?? (process.arch === 'x64' ? 'amd64' : process.arch);
if (!['amd64', 'arm64'].includes(target)) throw new Error(`--arch is "${target}"; it must be amd64 or arm64`);

const recipe = readRecipe(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));
await mkdir(BUILD, { recursive: true });
const scratch = await mkdtemp(`${BUILD}/.`);
try {
  await runSteps(recipe, target, scratch);
  const plugin = join(scratch, 'plugin');
  await mkdir(plugin);
  await rename(join(scratch, recipe.result), join(plugin, 'rootfs'));
  await cp(join(ROOT, 'plugin-config.json'), join(plugin, 'config.json'));
  const result = join(BUILD, arch === undefined ? 'plugin' : `plugin-${target}`);
  await cp(join(plugin, 'rootfs', SBOM), `${result}.cdx.json`);
  await rm(result, { recursive: true, force: true });
  await rename(plugin, result);
  const { stdout } = await execa('du', ['-sm', '--apparent-size', result]);
  console.log(`${result}: ${stdout.split('\t')[0]} MiB, ${target}; docker plugin create tsoverlay/driver ${result}`);
} finally {
  await rm(scratch, { recursive: true, force: true });
}
