/** The plugin's part of names in a process of its own: `plugin.ts <namespace> …`, all on one network of 5,000. */
import { DnsService } from '../../../src/dns/serving/service.js';
import { endpoint, zone } from '../../unit/dns/fixtures.js';
import { heardRows } from '../../unit/health/heard.js';

const { log, rows } = heardRows();
const service = new DnsService(log, rows);
const zones = [
  zone(
    'backnet',
    Array.from({ length: 5000 }, (_, i) => endpoint([`c${i}`, 'all'], [`172.16.${i >> 8}.${i & 255}/16`])),
  ),
];

export interface Usage {
  /** Microseconds of CPU so far. */
  readonly cpu: number;
  /** Bytes. */
  readonly rss: number;
  readonly lines: readonly string[];
}

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: user + system, rss: process.memoryUsage.rss(), lines: log.words } satisfies Usage);
});
service.sync(new Map(process.argv.slice(2).map((path) => [path, () => zones])));
process.send?.('ready');
setInterval(() => {}, 1000);
