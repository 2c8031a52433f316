/** Datagrams from the first host's container to the second's, counted at their end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import * as z from 'zod';
import type { EncryptedSite } from './encrypted-site.js';
import type { Which } from './wire.js';

/** What of its report is read. */
const iperf = z.object({ end: z.object({ sum: z.object({ packets: z.number(), lost_packets: z.number() }) }) });

/** So many, 500 a second: how many were lost. */
export async function lostDatagrams(site: EncryptedSite, which: Which, count: number): Promise<number> {
  const at = (n: number, ...words: string[]) =>
    execa('nsenter', [`--net=${site.hosts[n]?.container(which) ?? ''}`, 'iperf3', '-J', ...words]);
  const server = at(1, '-s', '-1');
  await sleep(2_000);
  const wish = ['-u', '-b', '400K', '-l', '100', '-t', String(count / 500)];
  const { stdout } = await at(0, '-c', site.address(which, 2), ...wish);
  await server;
  const { end } = iperf.parse(JSON.parse(stdout));
  if (end.sum.packets < count * 0.9) throw new Error(`sent ${end.sum.packets} of ${count}`);
  return end.sum.lost_packets;
}
