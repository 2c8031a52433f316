/** What a round trip of one byte between two network namespaces costs (round-trips.c). */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Ends {
  /** Files of namespaces. */
  readonly from: string;
  readonly to: string;
  /** IPv4, of `to`. */
  readonly address: string;
}

export interface Trips {
  /** Microseconds of CPU that one takes at both ends. */
  readonly cost: number;
  readonly count: number;
  readonly perSecond: number;
}

export class RoundTrips {
  private readonly dir = mkdtempSync(`${tmpdir()}/tsoverlay-rr-`);
  private readonly program = `${this.dir}/round-trips`;

  constructor() {
    const source = join(import.meta.dirname, 'round-trips.c');
    execFileSync('gcc', ['-O2', '-Wall', '-Werror', '-o', this.program, source], { stdio: 'pipe' });
  }

  /** As many as fit into so many seconds, one after the other. */
  async measure(kind: 'tcp' | 'udp', { from, to, address }: Ends, seconds: number): Promise<Trips> {
    // First of all that wants this processor: what else the machine does would count as the way's slowness.
    const here = [`--net=${from}`, 'nice', '-n', '-20', 'taskset', '-c', '0', this.program];
    const { stdout } = await promisify(execFile)('nsenter', [...here, kind, to, address, String(seconds)]);
    const [cost = 0, count = 0, took = 0] = stdout.split(' ').map(Number);
    return { cost, count, perSecond: count / took };
  }

  close(): void {
    rmSync(this.dir, { recursive: true });
  }
}
