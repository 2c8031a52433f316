/** The Docker engine of one host, of one version, with that version's own client. */
import { type EngineVersion, enginePath } from './cache.js';
import { attempt, type Outcome, run } from './command.js';
import type { Host } from './host.js';
import { imageTar } from './image.js';
import { tail, until } from './process.js';
import { SLOWNESS } from './slowness.js';
import { ask } from './unix-http.js';

const SOCKET = '/run/docker.sock';
const CONTAINERD = '/run/containerd-by-hand';
/** Seconds; an engine waits up to 15 s for a plugin that does not answer. */
const BOOT_LIMIT = 40;

export class Engine {
  private readonly client: NodeJS.ProcessEnv;

  constructor(
    private readonly host: Host,
    readonly version: EngineVersion,
    /** More options of dockerd. */
    private readonly options: readonly string[],
  ) {
    this.client = { PATH: enginePath(version), HOME: '/root' };
  }

  /** Starts dockerd and waits until its API answers, which it does after all containers to restart are up. */
  async start(): Promise<void> {
    const place = ['--exec-root', '/run/docker', '--pidfile', '/run/docker.pid', '-H', `unix://${SOCKET}`];
    // dockerd remembers its own containerd in a pid file; a pid means nothing after a power loss.
    await this.host.run('rm', '-f', '/run/docker.pid');
    const helper = SLOWNESS > 1 ? await this.startContainerd() : [];
    await this.host.service('dockerd', [
      'dockerd',
      ...[...place, ...helper],
      ...['--cgroup-parent', `/${this.host.machineName}`],
      ...this.options,
    ]);
    await until(`dockerd ${this.version} on ${this.host.name}`, BOOT_LIMIT, async () => {
      if (!this.isRunning()) throw new Error(`dockerd on ${this.host.name} ended:\n${tail(this.log())}`);
      return (await ask(this.host.path(SOCKET), '/_ping')).status === 200;
    });
  }

  /** dockerd gives one of its own 15 s to begin, however slow the machine is. Gives its options for this one. */
  private async startContainerd(): Promise<readonly string[]> {
    const address = `${CONTAINERD}.sock`;
    if (this.host.process('containerd') === undefined) {
      const lines = 'version = 2\\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\\n';
      await this.host.run('sh', '-c', `printf '${lines}' >${CONTAINERD}.toml`);
      const folders = ['--root', '/var/lib/docker/containerd/daemon', '--state', CONTAINERD];
      await this.host.service('containerd', ['containerd', '-c', `${CONTAINERD}.toml`, ...folders, '-a', address]);
    }
    return ['--containerd', address];
  }

  /** Orderly stop: containers end, unless the engine runs with live-restore. */
  stop(): Promise<void> {
    return this.host.endService('dockerd', 'SIGTERM', BOOT_LIMIT);
  }

  /** kill -9: containers run on without their engine. */
  kill(): Promise<void> {
    return this.host.endService('dockerd', 'SIGKILL', 5);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  isRunning(): boolean {
    return this.host.process('dockerd') !== undefined;
  }

  /** `docker …`: its output; rejects with its error output when it fails. */
  docker(...args: readonly string[]): Promise<string> {
    return run(this.command(args), { env: this.client });
  }

  /** `docker …` to whatever end. */
  attempt(...args: readonly string[]): Promise<Outcome> {
    return attempt(this.command(args), { env: this.client });
  }

  /** Makes busybox:latest, about 0.3 s; a disk that has it already is left alone. */
  async loadImage(): Promise<void> {
    if ((await this.docker('image', 'ls', '-q', 'busybox')) !== '') return;
    await this.docker('load', '--quiet', '--input', imageTar());
  }

  log(): string {
    return this.host.log('dockerd');
  }

  // The client runs on the machine: only its socket is the host's, so files it is given are found.
  private command(args: readonly string[]): readonly string[] {
    return ['docker', '-H', `unix://${this.host.path(SOCKET)}`, ...args];
  }
}
