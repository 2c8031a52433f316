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

export class RoundTrips {
  private readonly dir = mkdtempSync(`${tmpdir()}/tsoverlay-rr-`);
  private readonly program = `${this.dir}/round-trips`;

  constructor() {
    const source = join(import.meta.dirname, 'round-trips.c');
    execFileSync('gcc', ['-O2', '-Wall', '-Werror', '-o', this.program, source], { stdio: 'pipe' });
  }

  /** Microseconds of CPU that one takes at both ends, of those that fit into so many seconds. */
  async cost(kind: 'tcp' | 'udp', { from, to, address }: Ends, seconds: number): Promise<number> {
    const here = [`--net=${from}`, 'taskset', '-c', '0', this.program];
    const { stdout } = await promisify(execFile)('nsenter', [...here, kind, to, address, String(seconds)]);
    return Number(stdout);
  }

  close(): void {
    rmSync(this.dir, { recursive: true });
  }
}
