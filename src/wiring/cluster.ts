/** The cluster as this host sees it, and what this host has in it: its record, its endpoints, its memberships. */
import type { Config } from '../config/config.js';
import type { Log } from '../health/events.js';
import type { Rows } from '../health/rows.js';
import type { Entry } from '../model/ports/ports.js';
import { ExposureWatch } from '../reconcile/guards/exposure-watch.js';
import { Healer } from '../registry/healing/healer.js';
import { reclaimLog } from '../registry/healing/reclaim-log.js';
import { Reclaimer } from '../registry/healing/reclaimer.js';
import { Heads } from '../registry/local/heads.js';
import { LocalEndpoints } from '../registry/local/local-endpoints.js';
import { Membership } from '../registry/local/membership.js';
import { NodeRegistration } from '../registry/nodes/node-registration.js';
import { lookForExposure } from '../store/consul/exposure.js';
import { CopyKeeper } from '../store/data-dir/cluster-copy.js';
import { LeftOut } from '../store/records/left-out.js';
import { ClusterView } from '../store/view/cluster-view.js';
import type { Ground } from './ground.js';

export type ClusterParts = ReturnType<typeof makeCluster>;

export function makeCluster(config: Config, log: Log, rows: Rows, ground: Ground) {
  const { memory, copyFile, versioned, identity, origin, self, tenure, store } = ground;
  const { advertise: address, consul } = config;
  const registration = new NodeRegistration({
    store: versioned,
    self: { ...origin, id: self, address },
    tenure,
    choices: config.defaultPools.map(({ base }) => base),
    onMove: (former) =>
      log.warn(
        { event: 'address-changed', former, address },
        'this host has another address now; its former node key is gone',
      ),
    formerRow: rows.of('node.former').row(),
  });
  const local = new LocalEndpoints(memory.sandboxes, memory.lookups);
  const heads = new Heads(store, self, (network) => view.ownWrites(network));
  const reclaimer = new Reclaimer({
    ...{ store, self, heads, local },
    events: reclaimLog(log, rows, () => registration.renew()),
    used: (id) => (membership.own(id).some((e) => local.isLive(e.id)) ? view.current.networks.get(id) : undefined),
  });
  const exposure = new ExposureWatch(async () => (consul ? lookForExposure(consul) : new Map()), rows);
  const trust = {
    isKnown: (lacking: readonly string[]) => identity.isKnown(lacking),
    reclaim: (gone: readonly Entry[]) => reclaimer.reclaim(gone),
    onReturn: () => exposure.look(),
  };
  const view = new ClusterView(store, new LeftOut(rows), trust, rows);
  const membership = new Membership({ store, view, self, heads, rows: rows.of('node.member') });
  const healer = new Healer({ store, self, heads, identity });
  const copy = new CopyKeeper(copyFile, () => view.export());
  return { registration, local, heads, reclaimer, exposure, view, membership, healer, copy };
}
