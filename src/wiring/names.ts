/** What answers containers that ask for names. */
import type { Logger } from 'pino';
import { Sandboxes } from '../dns/serving/sandboxes.js';
import { DnsService } from '../dns/serving/service.js';
import type { ClusterParts } from './cluster.js';
import type { Ground } from './ground.js';
import type { Registry } from './registry.js';

export type Names = ReturnType<typeof makeNames>;

export function makeNames(log: Logger, { self }: Ground, { view, local }: ClusterParts, { peers }: Registry) {
  const dns = new DnsService(log);
  const sandboxes = new Sandboxes({ view, local, self, peers, dns });
  return { dns, sandboxes };
}
