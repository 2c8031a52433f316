/** What stands on a host's cable: all of it is captured, and looked through for marks. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Sixteen bytes, as many as ping repeats. */
export const MARKS = { encrypted: 'TSOENCRYPTEDMARK', plain: 'TSOPLAIN-NETMARK' } as const;
export type Which = keyof typeof MARKS;

/** What was sent a moment ago is in the file after this, ms. */
const SETTLED_MS = 500;

export interface Seen {
  /** How often each mark stands there. */
  readonly marks: Readonly<Record<Which, number>>;
  /** Packets. */
  readonly wireguard: number;
}

export class Wire {
  private readonly dir = mkdtempSync(`${tmpdir()}/tsoverlay-wire-`);
  private readonly file = `${this.dir}/wire.pcap`;

  private constructor(
    netns: string,
    private readonly port: number,
    link: string,
  ) {
    const words = ['-Z', 'root', '--immediate-mode', '-U', '-s', '0', '-i', link, '-w', this.file];
    this.tcpdump = spawn('nsenter', [`--net=${netns}`, 'tcpdump', ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  private readonly tcpdump;

  /** From now on. */
  static async tap(netns: string, port = 51_840, link = 'eth0'): Promise<Wire> {
    const wire = new Wire(netns, port, link);
    await once(wire.tcpdump.stderr, 'data');
    return wire;
  }

  async marks(): Promise<Seen['marks']> {
    await sleep(SETTLED_MS);
    const bytes = readFileSync(this.file);
    return { encrypted: count(bytes, MARKS.encrypted), plain: count(bytes, MARKS.plain) };
  }

  async seen(): Promise<Seen> {
    return {
      marks: await this.marks(),
      wireguard: this.matching(`udp port ${this.port} or udp port ${this.port + 1}`).length,
    };
  }

  /** The packets that a filter of tcpdump's lets through, one a line. */
  matching(filter: string): readonly string[] {
    const text = execFileSync('tcpdump', ['-nn', '-r', this.file, filter], { encoding: 'utf8', stdio: 'pipe' });
    return text.split('\n').filter((line) => line !== '');
  }

  async close(): Promise<void> {
    const ended = once(this.tcpdump, 'exit');
    this.tcpdump.kill();
    await ended;
    rmSync(this.dir, { recursive: true });
  }
}

function count(bytes: Buffer, mark: string): number {
  let found = 0;
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) found++;
  return found;
}
