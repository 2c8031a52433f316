/** What is said of endpoints and networks that were gone from the store though they are in use here. */
import { messageOf } from '../../errors.js';
import type { Log } from '../../health/events.js';
import type { RowPorts } from '../../health/row.js';
import type { ReclaimEvents } from './reclaimer.js';

/** `renew`: publishes this host's own record again. */
export const reclaimLog = (
  log: Log,
  rows: RowPorts<'endpoint.lost'>,
  renew: () => Promise<unknown>,
): ReclaimEvents => ({
  reclaimed: ({ id, names }) => {
    log.warn({ event: 'endpoint-reclaimed', endpoint: id, names }, 'this host was forgotten; put an endpoint back');
    renew().catch((e: unknown) =>
      log.debug({ event: 'record-later', err: messageOf(e) }, 'the record of this host comes later'),
    );
  },
  lost: ({ id, names, addresses }, conflicts) =>
    rows
      .of('endpoint.lost')
      .row(id)
      .degraded({ names: names.join(', '), addresses: addresses.join(', '), conflicts: conflicts.join(', ') }),
  republished: ({ id, announced }) =>
    log.warn(
      { event: 'network-republished', network: announced?.name, id },
      'a network in use here was gone from the store, as after an older backup was restored; published again',
    ),
});
