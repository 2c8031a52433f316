/** The lab of a random run: containers on three hosts, and the faults that strike them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DockerHost, Lab } from '../lab.js';
import type { History, Holding } from './history.js';
import type { Deed, Strike } from './schedule.js';

export const NETWORKS = ['one', 'two'] as const;
/** On each host: how far a plugin's wall clock is off, in libfaketime's words. */
export const CLOCK = '/run/clock';
/** Per host: every one of them is to reach every other in the end. */
const MOST_CONTAINERS = 7;
const TEMPLATE =
  '{{range $n, $e := .NetworkSettings.Networks}}{{$.Name}} {{$n}} {{$e.IPAddress}} {{$e.EndpointID}}|{{end}}';

export class World {
  private calls = 0;
  private names = 0;
  /** Containers that were asked for and not removed, per host. */
  private readonly containers = new Map<number, string[]>();
  /** Hosts that a fault has in its grip: no second one strikes them meanwhile. */
  private readonly struck = new Set<number>();

  constructor(
    private readonly lab: Lab,
    private readonly history: History,
  ) {}

  async act({ host, what, pick }: Deed): Promise<void> {
    const here = this.containers.get(host) ?? [];
    const name = here[pick % Math.max(1, here.length)];
    const network = NETWORKS[pick % NETWORKS.length] ?? 'one';
    const full = here.length >= MOST_CONTAINERS;
    if (name === undefined || (what === 'run' && !full)) return this.start(host, here, network, pick);
    if (what === 'connect' || what === 'disconnect') {
      await this.call(host, ['network', what, network, name]);
      return;
    }
    const { ok } = await this.call(host, what === 'kill' ? ['kill', name] : ['rm', '-f', name]);
    if (ok && what !== 'kill')
      this.containers.set(
        host,
        (this.containers.get(host) ?? []).filter((n) => n !== name),
      );
  }

  private async start(host: number, here: readonly string[], network: string, pick: number): Promise<void> {
    const name = `c${host}-${this.names++}`;
    const restart = pick % 3 === 0 ? ['--restart=always'] : [];
    this.containers.set(host, [...here, name]);
    await this.call(host, ['run', '-d', '--name', name, ...restart, '--net', network, 'busybox', 'sleep', 'infinity']);
  }

  async strike(strike: Strike): Promise<void> {
    // Consul lives on docker01.
    const host = strike.what.startsWith('consul') ? 1 : strike.host;
    if (this.struck.has(host)) return;
    this.struck.add(host);
    this.history.add({ kind: 'fault', host, what: strike.what, phase: 'begin' });
    try {
      await this.inflict({ ...strike, host }, this.lab.host(host));
    } finally {
      this.struck.delete(host);
      this.history.add({ kind: 'fault', host, what: strike.what, phase: 'end' });
    }
  }

  private async inflict({ what, lasts }: Strike, h: DockerHost): Promise<void> {
    const { lab } = this;
    switch (what) {
      case 'plugin-kill':
        await h.plugin.kill();
        await sleep(lasts / 4);
        return h.plugin.start();
      case 'dockerd-kill':
        await h.engine.kill();
        await sleep(lasts / 4);
        return h.engine.start();
      case 'dockerd-restart':
        return h.engine.restart();
      case 'consul-kill':
        await lab.consul.kill();
        await sleep(lasts);
        return lab.consul.start();
      case 'consul-freeze':
        await lab.consul.freeze();
        await sleep(lasts);
        return lab.consul.thaw();
      case 'cable-cut':
        await lab.lan.cut(h.name);
        await sleep(lasts);
        return lab.lan.join(h.name);
      case 'power-loss':
        await lab.powerLoss(h);
        await sleep(lasts / 4);
        return lab.powerOn(h);
      case 'clock-jump':
        // A day back to a day forward.
        await h.host.run('sh', '-c', `echo ${(lasts % 48) - 24}h | sed 's/^[0-9]/+&/' >${CLOCK}`);
        return sleep(100);
      case 'vxlan-deleted':
      case 'fdb-flushed':
        return this.breakKernel(
          h,
          what === 'vxlan-deleted' ? 'ip link delete vxlan0' : 'ip neigh flush all nud permanent',
        );
    }
  }

  private async breakKernel(h: DockerHost, line: string): Promise<void> {
    const each = `for n in /run/docker/netns/1-*; do nsenter --net=$n ${line}; done; true`;
    await h.host.attempt('sh', '-c', each);
  }

  /** What lives on a host; undefined when its engine does not answer. */
  async look(host: number): Promise<readonly Holding[] | undefined> {
    const began = this.history.now();
    try {
      const { engine } = this.lab.host(host);
      const ids = (await engine.docker('ps', '-q')).split('\n').filter(Boolean);
      const { stdout } =
        ids.length === 0 ? { stdout: '' } : await engine.attempt('inspect', '--format', TEMPLATE, ...ids);
      const holdings = stdout.split(/[|\n]/).flatMap((text) => {
        const [container, network, address, endpoint] = text.trim().replace(/^\//, '').split(' ');
        return container && network && address && endpoint ? [{ host, container, network, address, endpoint }] : [];
      });
      this.history.add({ kind: 'look', host, began, holdings });
      return holdings;
    } catch {
      return undefined;
    }
  }

  private async call(host: number, args: readonly string[]): Promise<{ ok: boolean }> {
    const id = this.calls++;
    this.history.add({ kind: 'call', id, host, line: args.join(' ') });
    try {
      const { ok, stderr } = await this.lab.host(host).engine.attempt(...args);
      this.history.add({ kind: 'return', id, ok, words: stderr.split('\n')[0] ?? '' });
      return { ok };
    } catch (e) {
      // The host is off.
      this.history.add({ kind: 'return', id, ok: false, words: e instanceof Error ? e.message : String(e) });
      return { ok: false };
    }
  }
}
