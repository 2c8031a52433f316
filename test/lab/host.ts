/** One machine of the lab: a network, mount, host name and process namespace, and a disk that outlives them. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attempt, type Outcome, run } from './command.js';
import { diskFolder, machineName, netnsPath, stateFolder } from './paths.js';
import { end, isAlive, type ProcessRef, startDaemon, tail, until } from './process.js';

const INIT = join(import.meta.dirname, 'host.sh');

export class Host {
  /** Name of its network namespace and of its cgroup on the machine. */
  readonly machineName: string;
  private readonly folder: string;
  private readonly disk: string;
  private readonly env: NodeJS.ProcessEnv;

  constructor(
    lab: string,
    readonly name: string,
    /** IPv4 address on the LAN. */
    readonly address: string,
    /** PATH of everything that runs on the host. */
    path: string,
  ) {
    this.machineName = machineName(lab, name);
    this.folder = join(stateFolder(lab), name);
    this.disk = diskFolder(lab, name);
    this.env = { PATH: path, HOME: '/root', TERM: process.env.TERM ?? 'dumb' };
  }

  /** Powers the host on. Its network namespace must stand (see Lan); resolves when its file systems do. */
  async powerOn(nameserver: string): Promise<void> {
    if (this.isOn()) throw new Error(`${this.name} is on already`);
    await mkdir(this.folder, { recursive: true });
    await mkdir(join(this.disk, 'cgroup'), { recursive: true });
    const enter = ['nsenter', `--net=${netnsPath(this.machineName)}`];
    const isolate = ['unshare', '--mount', '--uts', '--pid', '--fork', '--mount-proc'];
    const init = await this.start('init', [...enter, ...isolate, 'sh', INIT, this.disk, this.name, nameserver]);
    await until(`${this.name} to boot`, 5, () => {
      if (!isAlive(init)) throw new Error(`${this.name} did not boot: ${tail(this.log('init'))}`);
      return existsSync(this.path('/run/lab-ready'));
    });
  }

  /** Power loss: every process and every mount of the host goes at once. */
  async powerOff(): Promise<void> {
    const init = this.process('init');
    // The first process of a process namespace ends only after all others.
    if (init) await end(init, 'SIGKILL', 10);
  }

  isOn(): boolean {
    return this.process('init') !== undefined;
  }

  /** Runs a command on the host and gives its output; rejects with its error output when it fails. */
  run(...argv: readonly string[]): Promise<string> {
    return run(this.entered(argv), { env: this.env });
  }

  /** Runs a command on the host to whatever end. */
  attempt(...argv: readonly string[]): Promise<Outcome> {
    return attempt(this.entered(argv), { env: this.env });
  }

  /** Starts a service that runs on when this process ends, its output going to {@link log}. */
  service(name: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ProcessRef> {
    if (this.process(name)) throw new Error(`${name} runs on ${this.name} already`);
    // Not util-linux's nsenter: that stops with its child and then reaps it no more, and a process namespace whose
    // dead nobody reaps does not end.
    const enter = ['busybox', 'nsenter', '-t', String(this.init().pid), '-m', '-u', '-n', '-p'];
    return this.start(name, [...enter, 'env', `PATH=${this.env.PATH}`, ...argv], env);
  }

  /** Signals a service and waits until it is gone; one that does not run is a success. Rejects after `seconds`. */
  async endService(name: string, by: NodeJS.Signals, seconds: number): Promise<void> {
    const ref = this.process(name);
    if (ref) await end(ref, by, seconds);
  }

  /** The service's process as the machine numbers it; undefined when it does not run. */
  process(name: string): ProcessRef | undefined {
    const file = this.record(name);
    if (!existsSync(file)) return undefined;
    const ref = JSON.parse(readFileSync(file, 'utf8')) as ProcessRef;
    return isAlive(ref) ? ref : undefined;
  }

  /** The file with all that a service has written since the lab was booted. */
  log(name: string): string {
    return join(this.folder, `${name}.log`);
  }

  /** A path of the host as the machine sees it; good for files and for sockets. */
  path(path: string): string {
    return `/proc/${this.init().pid}/root${path}`;
  }

  /** The command line that runs `argv` inside the host, for whoever needs its terminal. */
  entered(argv: readonly string[]): readonly string[] {
    const target = ['--target', String(this.init().pid)];
    return ['nsenter', ...target, '--mount', '--uts', '--net', '--pid', 'env', `PATH=${this.env.PATH}`, ...argv];
  }

  private init(): ProcessRef {
    const init = this.process('init');
    if (!init) throw new Error(`${this.name} is off`);
    return init;
  }

  private async start(name: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const ref = await startDaemon({ argv, env: { ...this.env, ...env }, log: this.log(name) });
    await writeFile(this.record(name), JSON.stringify(ref));
    return ref;
  }

  private record(name: string): string {
    return join(this.folder, `${name}.pid`);
  }
}
