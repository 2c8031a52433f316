/** Two hosts with a container each on one network, and what doctor says of them. */
import { expect } from 'vitest';
import * as z from 'zod';
import { Lab } from '../lab.js';
import { within } from '../waiting.js';

export const report = z.object({
  findings: z.array(z.object({ code: z.string(), what: z.string(), cure: z.string() })),
  fine: z.array(z.string()),
  unknown: z.record(z.string(), z.string()),
});

/** The lab's Consul has no ACLs, and is slow while the machine has other things to do: all else is to be healthy. */
export const isLabs = ({ what }: { readonly what: string }): boolean =>
  what.includes('(consul.exposed ') || /^Consul at 10\.0\.0\.60:8500 takes \d+ ms for /.test(what);

export class Patient {
  private constructor(readonly lab: Lab) {}

  /** `db` on the first host, `web` on the second, on network `net`. */
  static async boot(): Promise<Patient> {
    return Patient.of(await Lab.boot({ hosts: 2, consul: true, durableConsul: true }));
  }

  /** Likewise, of a lab that runs. */
  static async of(lab: Lab): Promise<Patient> {
    const [one, two] = [lab.host(1), lab.host(2)];
    await one.docker('network', 'create', '-d', 'tsoverlay', '--subnet', '172.16.1.0/24', 'net');
    await within(10_000, 'the network is on the other host', async () =>
      (await two.docker('network', 'ls', '--format', '{{.Name}}')).split('\n').includes('net'),
    );
    for (const [name, host] of [
      ['web', two],
      ['db', one],
    ] as const)
      await host.docker('run', '-d', '--name', name, '--net', 'net', 'busybox', 'sleep', 'infinity');
    return new Patient(lab);
  }

  down(): Promise<void> {
    return this.lab.down();
  }

  async doctor(on: number, settings: readonly string[] = []) {
    const began = performance.now();
    const { host, address, plugin } = this.lab.host(on);
    const env = [`CLUSTER_STORE=${this.lab.consul.url}`, `CLUSTER_ADVERTISE=${address}`, ...settings];
    const { stdout } = await host.attempt('env', ...env, process.execPath, plugin.main, 'doctor', '--json');
    const seconds = (performance.now() - began) / 1_000;
    const { findings, ...rest } = report.parse(JSON.parse(stdout));
    return { seconds, findings: findings.filter((one) => !isLabs(one)), ...rest };
  }

  async whats(on: number, settings: readonly string[] = []): Promise<readonly string[]> {
    return (await this.doctor(on, settings)).findings.map(({ code, what }) => `${code}: ${what}`);
  }

  async healthy(on: number): Promise<void> {
    await expect.poll(() => this.whats(on), { timeout: 60_000, interval: 1_000 }).toEqual([]);
  }

  on(host: number, line: string): Promise<string> {
    return this.lab.host(host).run('sh', '-c', line);
  }
}
