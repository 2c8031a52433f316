/** What answers containers that ask for names. */
import { Sandboxes } from '../dns/serving/sandboxes.js';
import { DnsService } from '../dns/serving/service.js';
import type { Log } from '../health/events.js';
import type { Rows } from '../health/rows.js';
import { ForeignNetworks } from '../registry/local/foreign-networks.js';
import type { ClusterParts } from './cluster.js';
import type { Ground } from './ground.js';
import type { Registry } from './registry.js';

export type Names = ReturnType<typeof makeNames>;

export function makeNames(log: Log, rows: Rows, { self }: Ground, { view, local }: ClusterParts, { peers }: Registry) {
  const dns = new DnsService(log, rows);
  const foreign = new ForeignNetworks(local);
  const sandboxes = new Sandboxes({ view, local, self, peers, foreign, dns });
  return { dns, foreign, sandboxes };
}
