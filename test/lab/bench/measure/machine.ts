/** How much the whole machine has worked. */
import { readFileSync } from 'node:fs';

/** `getconf CLK_TCK`; the same on every Linux that node runs on. */
export const TICKS_PER_SECOND = 100;

/** Of /proc/stat: CPU seconds since boot that were neither idle nor somebody else's (steal), of all processors. Pure. */
export function busySeconds(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (stat.match(/^cpu +(.*)$/m)?.[1] ?? '')
    .split(' ')
    .map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

export interface Work<T> {
  readonly result: T;
  readonly seconds: number;
  /** Of the whole machine meanwhile, all else on it included. */
  readonly cpuSeconds: number;
}

export async function whileBusy<T>(work: () => Promise<T>): Promise<Work<T>> {
  const read = (): number => busySeconds(readFileSync('/proc/stat', 'utf8'));
  const [start, before] = [performance.now(), read()];
  const result = await work();
  return { result, seconds: (performance.now() - start) / 1000, cpuSeconds: read() - before };
}
