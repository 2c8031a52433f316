/** What the log says of endpoints and networks that were gone from the store though they are in use here. */
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import type { ReclaimEvents } from '../registry/healing/reclaimer.js';

/** `renew`: publishes this host's own record again. */
export const reclaimEvents = (log: Logger, renew: () => Promise<unknown>): ReclaimEvents => ({
  reclaimed: ({ id, names }) => {
    log.warn({ endpoint: id, names }, 'this host was forgotten; put an endpoint back');
    renew().catch((e: unknown) => log.debug({ err: messageOf(e) }, 'the record of this host comes later'));
  },
  lost: ({ id, names, addresses }, conflicts) =>
    log.error(
      { endpoint: id, names, addresses, conflicts },
      'this host was forgotten and others have what this endpoint held: cut off; docker network disconnect and connect it',
    ),
  republished: ({ id, announced }) =>
    log.warn(
      { network: announced?.name, id },
      'a network in use here was gone from the store, as after an older backup was restored; published again',
    ),
});
