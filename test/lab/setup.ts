/** `tsx test/lab/setup.ts [--engine <version>…] [--no-engines] [--plugin]`: fills the cache; the end of scripts/prepare.sh. */
import { Command, Option } from 'commander';
import { ENGINE_VERSIONS, type EngineVersion, fillCache } from './cache.js';
import { makeImage } from './image.js';
import { freshPlugin } from './managed-build.js';

const { engine, engines, plugin } = new Command()
  .addOption(new Option('--engine <version...>', 'only these engines').choices(ENGINE_VERSIONS))
  .option('--no-engines', 'none of them: who boots a lab fetches what it needs')
  .option('--plugin', 'the managed plugin too')
  .parse()
  .opts<{ engine?: EngineVersion[]; engines: boolean; plugin?: true }>();

const tell = (line: string): void => console.log(`prepare: ${line}`);
if (engines) await Promise.all([fillCache(engine ?? ENGINE_VERSIONS, tell), makeImage(tell)]);
if (plugin) await freshPlugin(tell);
