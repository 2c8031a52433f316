/** Two containers, the plugin's part of names, the engine's resolver: each a process of its own, as in life. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dropNamespace, inside, makeNamespace } from '../dns-namespace.js';
import type { Usage } from './plugin.js';

const CGROUPS = '/sys/fs/cgroup';
const PERIOD_US = 20_000;

export class Stage {
  readonly attacker = makeNamespace();
  readonly victim = makeNamespace();
  private readonly cgroup = new HalfCpu();
  private readonly children: ChildProcess[] = [];
  private plugin: ChildProcess | undefined;
  private asker: ChildProcess | undefined;

  async set(): Promise<void> {
    // Large datagrams come in fragments.
    inside(this.attacker, 'ip', 'link', 'set', 'lo', 'mtu', '1500');
    await this.start('engine', this.attacker, this.victim);
    this.plugin = await this.start('plugin', this.attacker, this.victim);
    this.asker = await this.start('victim', this.victim);
    // What else this machine does is not what is measured.
    for (const { pid } of [this.plugin, this.asker])
      execFileSync('chrt', ['--all-tasks', '--rr', '--pid', '1', `${pid}`]);
  }

  /** What the plugin has used so far. */
  async usage(): Promise<Usage> {
    return (await answerOf(this.plugin, 'usage')) as Usage;
  }

  /** How long the victim's answers took, milliseconds, sorted. */
  async latencies(ms: number): Promise<readonly number[]> {
    return ((await answerOf(this.asker, ms)) as number[]).sort((a, b) => a - b);
  }

  /** Ends the attack when called. */
  async attack(kind: string): Promise<() => Promise<void>> {
    const child = await this.start('attacker', this.attacker, kind);
    this.cgroup.add(child.pid ?? 0);
    return async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      const [code, signal] = await ended;
      if (signal !== 'SIGKILL') throw new Error(`the attack ended by itself: ${code}`);
    };
  }

  async clear(): Promise<void> {
    await Promise.all(
      this.children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }),
    );
    this.cgroup.remove();
    for (const namespace of [this.attacker, this.victim]) dropNamespace(namespace);
  }

  private async start(program: string, ...args: string[]): Promise<ChildProcess> {
    const path = new URL(`${program}.ts`, import.meta.url).pathname;
    const child = fork(path, args, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.children.push(child);
    await once(child, 'message');
    return child;
  }
}

async function answerOf(child: ChildProcess | undefined, question: string | number): Promise<unknown> {
  if (!child) throw new Error('not started');
  const answered = once(child, 'message');
  child.send(question);
  return (await answered)[0];
}

/** A cgroup of half a CPU, as `docker run --cpus 0.5`; each controller has a tree of its own with cgroup v1. */
class HalfCpu {
  private readonly path: string;

  constructor() {
    const v2 = existsSync(join(CGROUPS, 'cgroup.controllers'));
    this.path = join(CGROUPS, v2 ? '' : 'cpu', `tsoverlay-attack-${process.pid}`);
    if (v2) writeFileSync(join(CGROUPS, 'cgroup.subtree_control'), '+cpu');
    mkdirSync(this.path);
    if (v2) writeFileSync(join(this.path, 'cpu.max'), `${PERIOD_US / 2} ${PERIOD_US}`);
    else {
      writeFileSync(join(this.path, 'cpu.cfs_period_us'), String(PERIOD_US));
      writeFileSync(join(this.path, 'cpu.cfs_quota_us'), String(PERIOD_US / 2));
    }
  }

  add(pid: number): void {
    writeFileSync(join(this.path, 'cgroup.procs'), String(pid));
  }

  remove(): void {
    rmdirSync(this.path);
  }
}
