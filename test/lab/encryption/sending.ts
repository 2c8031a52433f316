/** Marked packets from one container to another, for as long as something is done to what is between them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { MARKS, type Which } from './wire.js';

const A_SECOND = 5;

/** `ping`, a fifth of a second apart, whose packets have the mark. */
export const markedPing = (which: Which): readonly string[] => {
  const mark = Buffer.from(MARKS[which]).toString('hex');
  return ['ping', '-i', String(1 / A_SECOND), '-p', mark, '-s', '64'];
};

export class Sending {
  private readonly ping;

  /** From a network namespace, by a path of this machine. */
  constructor(netns: string, which: Which, to: string) {
    this.ping = execa('nsenter', [`--net=${netns}`, ...markedPing(which), to], { reject: false });
  }

  /** How many of those that were sent until now were lost: none is answered later than a second after. */
  async stop(): Promise<number> {
    await sleep(1_000);
    this.ping.kill('SIGINT');
    const { stdout } = await this.ping;
    const sent = Number(/(\d+) packets transmitted/.exec(stdout)?.[1] ?? 0) - A_SECOND;
    if (sent < 1) throw new Error(`hardly any was sent: ${stdout}`);
    const answered = new Set([...stdout.matchAll(/icmp_seq=(\d+) ttl/g)].map(([, n]) => Number(n)));
    return Array.from({ length: sent }, (_, i) => i + 1).filter((n) => !answered.has(n)).length;
  }
}
