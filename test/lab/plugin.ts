/** The built plugin as a process on one host, as `node dist/main.js` runs for a user. */
import { requireBuild } from './build.js';
import type { Host } from './host.js';
import { PLUGIN_MAIN } from './paths.js';
import { tail, until } from './process.js';
import { ask } from './unix-http.js';

/** All of a lab's hosts with the short way: `TSOVERLAY_ACCELERATE=auto` in front of a test. */
const ACCELERATE = process.env.TSOVERLAY_ACCELERATE;
export const isAccelerated = ACCELERATE === 'auto';
const SOCKET = '/run/docker/plugins/tsoverlay.sock';

export class Plugin {
  /** Its usual settings. */
  protected readonly usual: Readonly<Record<string, string>>;

  constructor(
    protected readonly host: Host,
    /** CLUSTER_STORE; empty for the embedded store. */
    store: string,
    /** The build that runs: another one than this tree's where a test says so. */
    public main = PLUGIN_MAIN,
  ) {
    this.usual = {
      CLUSTER_STORE: store,
      CLUSTER_ADVERTISE: host.address,
      LOG_LEVEL: 'debug',
      DATA_DIR: '/var/lib/tsoverlay',
      ...(ACCELERATE === undefined ? {} : { ACCELERATE }),
    };
  }

  /** What the host does at power-on: a process starts beside the engine, whose start may come later. */
  boot(_engineStarted: Promise<void>): Promise<void> {
    return this.start();
  }

  /**
   * Starts it and waits until it answers /Plugin.Activate. `settings` override the usual environment, `under` is a program
   * that becomes it.
   */
  async start(settings: Readonly<Record<string, string>> = {}, under: readonly string[] = []): Promise<void> {
    if (this.main === PLUGIN_MAIN) requireBuild();
    await this.host.service('tsoverlay', [...under, process.execPath, this.main], { ...this.usual, ...settings });
    const serving = until(`tsoverlay on ${this.host.name}`, 20, async () => {
      if (!this.isRunning()) throw new Error(`tsoverlay on ${this.host.name} ended`);
      return this.isServing();
    });
    await serving.catch((e: unknown) => {
      throw new Error(`${String(e)}:\n${tail(this.log())}`);
    });
  }

  /** Orderly stop. */
  stop(): Promise<void> {
    return this.host.endService('tsoverlay', 'SIGTERM', 15);
  }

  /** kill -9. */
  kill(): Promise<void> {
    return this.host.endService('tsoverlay', 'SIGKILL', 5);
  }

  async restart(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.stop();
    await this.start(settings);
  }

  /** Whether it answers its engine. */
  async isServing(): Promise<boolean> {
    return (await ask(this.host.path(SOCKET), '/Plugin.Activate', 'POST')).status === 200;
  }

  isRunning(): boolean {
    return this.host.process('tsoverlay') !== undefined;
  }

  log(): string {
    return this.host.log('tsoverlay');
  }
}
