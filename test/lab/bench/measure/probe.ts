/** A shell in a container that pings a name until it answers, and says so at once. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import type { DockerHost } from '../../lab.js';

/**
 * One shell for all names: a `docker exec` each would take longer than what is measured. Every ping is followed by the
 * next one soon: one that got lost would cost the second that `ping -W` waits at least.
 */
const LOOP = [
  'while read -r name',
  `do until ping -i 0.002 -w 1 "$name" 2>/dev/null | grep -q 'bytes from'; do usleep 1000; done`,
  'echo "$name"',
  'done',
].join('; ');

/** How long a name may take, ms. */
const LIMIT_MS = 20_000;

export class Probe {
  private readonly shell;
  private readonly lines;

  constructor(h: DockerHost, container: string) {
    const [file = '', ...args] = h.host.entered(['docker', 'exec', '-i', container, 'sh', '-c', LOOP]);
    this.shell = execa(file, args, { reject: false, buffer: false });
    this.lines = createInterface(this.shell.stdout);
  }

  /** Resolves when the name has answered a ping; to within the few milliseconds that a ping takes. */
  async answered(name: string): Promise<void> {
    this.shell.stdin.write(`${name}\n`);
    await once(this.lines, 'line', { signal: AbortSignal.timeout(LIMIT_MS) });
  }

  async close(): Promise<void> {
    this.shell.stdin.end();
    await this.shell;
  }
}
