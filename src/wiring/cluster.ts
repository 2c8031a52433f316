/** The cluster as this host sees it, and what this host has in it: its record, its endpoints, its memberships. */
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { messageOf } from '../errors.js';
import { ExposureWatch } from '../reconcile/guards/exposure-watch.js';
import { Healer } from '../registry/healing/healer.js';
import { Reclaimer } from '../registry/healing/reclaimer.js';
import { Heads } from '../registry/local/heads.js';
import { LocalEndpoints } from '../registry/local/local-endpoints.js';
import { Membership } from '../registry/local/membership.js';
import { NodeRegistration } from '../registry/nodes/node-registration.js';
import { lookForExposure } from '../store/consul/exposure.js';
import { CopyKeeper } from '../store/data-dir/cluster-copy.js';
import { reportOnce } from '../store/records/report-once.js';
import { ClusterView } from '../store/view/cluster-view.js';
import type { Ground } from './ground.js';
import { reclaimEvents } from './reclaim-events.js';

export type ClusterParts = ReturnType<typeof makeCluster>;

export function makeCluster(config: Config, log: Logger, ground: Ground) {
  const { memory, copyFile, versioned, identity, origin, self, tenure, store } = ground;
  const { advertise: address, consul } = config;
  const registration = new NodeRegistration({
    store: versioned,
    self: { ...origin, id: self, address },
    tenure,
    onError: (e) => log.error(messageOf(e)),
    onMove: (former) => log.warn({ former, address }, 'this host has another address now; its former node key is gone'),
  });
  const local = new LocalEndpoints(memory.sandboxes, memory.lookups);
  const heads = new Heads(store, self);
  const reclaimer = new Reclaimer({
    ...{ store, self, heads, local },
    events: reclaimEvents(log, () => registration.renew()),
    used: (id) => (membership.own(id).some((e) => local.isLive(e.id)) ? view.current.networks.get(id) : undefined),
  });
  const exposure = new ExposureWatch(async () => (consul ? lookForExposure(consul) : new Map()), log);
  const garbage = reportOnce(
    (key, reason) => log.error({ key, reason }, 'a record of the store is left out'),
    (count) => log.error({ count }, 'more records of the store are left out; tsoverlay status counts them'),
  );
  const view = new ClusterView(store, garbage, {
    isKnown: (lacking) => identity.isKnown(lacking),
    onTrouble: (e) => log.warn({ err: messageOf(e) }, 'what is gone from the store is not believed to be gone yet'),
    reclaim: (gone) => reclaimer.reclaim(gone),
    onReturn: () => exposure.look(),
  });
  const membership = new Membership({
    ...{ store, view, self, heads },
    onError: (e) => log.warn({ err: messageOf(e) }, 'a membership mark stays for now'),
  });
  const healer = new Healer({ store, self, heads, identity });
  const copy = new CopyKeeper(copyFile, () => view.export());
  return { registration, local, heads, reclaimer, exposure, view, membership, healer, copy };
}
