import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConsulGuard, ServerAddress } from '../../../../src/model/ports/ports.js';
import { ConsulGuardPass, type ConsulServer } from '../../../../src/reconcile/guards/consul-guard-pass.js';
import { heardRows } from '../../health/heard.js';

/** Remembers what is made, and can be taken away. */
class PaperGuard implements ConsulGuard {
  readonly made: string[] = [];
  standing = false;
  removed = 0;
  ensure(interfaces: readonly string[], servers: readonly ServerAddress[]) {
    this.made.push(`${interfaces.join(' ')} | ${servers.map((s) => `${s.address} ${s.port}`).join(', ')}`);
    this.standing = true;
  }
  stands = () => this.standing;
  remove() {
    this.removed++;
  }
  close() {}
}

let guard: PaperGuard;
let pass: ConsulGuardPass;
let bridges: () => Promise<readonly string[]>;
let names: Record<string, readonly string[]>;
let heard: ReturnType<typeof heardRows>;
beforeEach(() => {
  heard = heardRows();
  guard = new PaperGuard();
  bridges = async () => ['docker_gwbridge', 'docker0', 'br-1'];
  names = { consul: ['10.0.0.61', 'fd00::61', '10.0.0.60'] };
});
afterEach(() => pass.stop());

const start = (...servers: ConsulServer[]) => {
  const resolve = async (host: string) => names[host] ?? Promise.reject(new Error('ENOTFOUND'));
  pass = new ConsulGuardPass(guard, servers, () => bridges(), heard.log, heard.rows, resolve);
};
const look = async () => {
  pass.kick();
  await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('ConsulGuardPass', () => {
  it('guards at once what it knows, then what the engine and the resolver tell, and makes nothing twice', async () => {
    start({ host: '10.0.0.9', port: 8500 }, { host: 'consul', port: 8501 });
    await look();
    await look();
    expect(guard.made).toEqual([
      'docker0 docker_gwbridge | 10.0.0.9 8500',
      'br-1 docker0 docker_gwbridge | 10.0.0.9 8500, 10.0.0.60 8501, 10.0.0.61 8501, fd00::61 8501',
    ]);
    expect(heard.log.lines).toEqual([]);
  });

  it('follows a new bridge network and a name that leads elsewhere, and keeps what it knows while neither answers', async () => {
    start({ host: 'consul', port: 8500 });
    await look();
    bridges = async () => ['br-2'];
    names = { consul: ['10.0.0.7'] };
    await look();
    expect(guard.made.at(-1)).toBe('br-2 docker0 docker_gwbridge | 10.0.0.7 8500');
    const made = guard.made.length;
    bridges = () => Promise.reject(new Error('the engine is away'));
    names = {};
    await look();
    expect(guard.made).toHaveLength(made);
    expect(heard.log.lines).toEqual([]);
  });

  it('says once when a name leads nowhere: this host is guarded all the same', async () => {
    names = {};
    start({ host: 'consul', port: 8500 });
    await look();
    await look();
    expect(heard.log.words).toEqual([
      'containers are kept away from Consul on this host alone, for its name does not resolve: consul',
    ]);
    expect(heard.troubles()).toEqual(['guard.consul-names degraded']);
  });

  it('makes it anew when somebody took it away, and says so', async () => {
    start({ host: '10.0.0.9', port: 8500 });
    await look();
    guard.standing = false;
    await look();
    await look();
    expect(guard.made).toHaveLength(3);
    expect(heard.log.words).toEqual(['repaired the guard of Consul, which somebody had removed']);
  });

  it('takes away what an earlier setting made', async () => {
    start();
    await look();
    expect([guard.removed, guard.made]).toEqual([1, []]);
  });
});
