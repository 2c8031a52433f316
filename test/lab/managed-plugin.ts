/** The built plugin installed as a managed one, as `docker plugin create`, `set` and `enable` do it for a user. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from './engine.js';
import type { Host } from './host.js';
import { Plugin } from './plugin.js';
import { until } from './process.js';
import { SLOWNESS } from './slowness.js';

/** What `npm run plugin` makes. */
export const PLUGIN_FOLDER = join(import.meta.dirname, '../../build/plugin');
export const PLUGIN_NAME = 'tsoverlay/driver';
/** How long an engine waits for it, unless told otherwise. */
const PATIENCE_S = 30;
const ENTRYPOINT = '/usr/lib/tsoverlay/main.mjs';
/** What it has in the place of a thousand files: another main for a process, which starts in a third of the time. */
export const ONE_FILE = join(PLUGIN_FOLDER, 'rootfs', ENTRYPOINT);

export class ManagedPlugin extends Plugin {
  constructor(
    host: Host,
    store: string,
    private readonly engine: Engine,
  ) {
    super(host, store);
  }

  /** Only the first time: from then on the engine starts it, or the host has no networks. */
  override async boot(engineStarted: Promise<void>): Promise<void> {
    await engineStarted;
    if (!(await this.isInstalled())) await this.start();
  }

  /** Installs it unless it is, sets and enables it; `settings` override the usual ones. */
  override async start(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    if (!(await this.isInstalled())) await this.install();
    const { DATA_DIR: _, ...usual } = this.usual;
    const wanted = Object.entries({ ...usual, ...settings }).map(([name, value]) => `${name}=${value}`);
    await this.engine.docker('plugin', 'set', PLUGIN_NAME, ...wanted);
    await this.enable();
  }

  /** `docker plugin create`, about 4 s. */
  async install(folder = PLUGIN_FOLDER, name = PLUGIN_NAME): Promise<void> {
    if (!existsSync(folder)) throw new Error(`${folder} is missing: npm run plugin`);
    await this.engine.docker('plugin', 'create', name, folder);
  }

  /**
   * Once more where the machine is emulated: the engine gives up when there is no socket after ten seconds (moby's
   * pluginPostStart), which node alone may take there.
   */
  async enable(): Promise<void> {
    const enable = () =>
      this.engine.docker('plugin', 'enable', '--timeout', String(PATIENCE_S * SLOWNESS), PLUGIN_NAME);
    await enable().catch(async (e: unknown) => {
      if (SLOWNESS === 1 || !String(e).includes('managed.sock')) throw e;
      await enable();
    });
  }

  /** Orderly stop; networks in use do not hinder it. */
  override async stop(): Promise<void> {
    await this.engine.docker('plugin', 'disable', '-f', PLUGIN_NAME);
  }

  /** kill -9. The engine starts it again at once. */
  override async kill(): Promise<void> {
    const pid = this.pid();
    if (pid === undefined) return;
    await this.host.run('kill', '-9', pid);
    await until('the plugin to end', 5, () => this.pid() !== pid);
  }

  async isInstalled(): Promise<boolean> {
    return (await this.engine.attempt('plugin', 'inspect', PLUGIN_NAME)).ok;
  }

  async isEnabled(): Promise<boolean> {
    return (await this.engine.docker('plugin', 'inspect', '--format', '{{.Enabled}}', PLUGIN_NAME)) === 'true';
  }

  override isRunning(): boolean {
    return this.pid() !== undefined;
  }

  /** The process as the host numbers it. */
  pid(): string | undefined {
    const proc = this.host.path('/proc');
    return readdirSync(proc).find((entry) => {
      try {
        return /^\d+$/.test(entry) && readFileSync(join(proc, entry, 'cmdline'), 'utf8').includes(ENTRYPOINT);
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
  }

  /** The engine's, which has the plugin's lines among its own. */
  override log(): string {
    return this.host.log('dockerd');
  }
}
