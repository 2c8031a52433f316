/** Lines of the log. Each has an `event` that stays what it is whatever becomes of its words. */

/** What each is for; goes into docs/messages.md. */
export const EVENTS = {
  row: 'something that is kept right has come into another state: `code`, `subject` and `state` say what and which',
  waiting: 'the address of CLUSTER_ADVERTISE is not there yet',
  serving: 'the sockets are served',
  loaded: 'the cluster is loaded',
  'from-copy': 'started with what this host knew last, for the store does not answer as expected',
  'other-self': 'the store knows this host by another id, and all begins anew with that',
  stopping: 'a signal ends the process',
  ended: 'the process cannot go on, and ends: `err` says why',
  'admin-unserved': "the operator's commands cannot ask this one, for its admin socket could not be made",
  bug: 'something unexpected that goes on all the same: please report it',
  call: 'the engine called the driver',
  'call-failed': 'a call of the engine failed; the words are those at the docker prompt',
  'call-unreadable': 'the engine sent what is no request',
  step: 'a step in the kernel, at level debug',
  notice: 'the kernel told of a change that was not planned, at level debug',
  repaired: 'what somebody had broken was put right',
  'repair-later': 'what a container broke could not be put right yet',
  takeover: 'an address has another card, and containers were told, at level debug',
  calm: 'a container is gone before it could be kept from asking for neighbours again and again, at level debug',
  'gwbridge-made': 'docker_gwbridge was made before the engine does',
  'gwbridge-fitted': 'docker_gwbridge got the MTU of the underlay',
  'vxlan-strayed': "datagrams with a node's address were dropped that had come by another way",
  'network-announced': 'a network that was created here is there for the cluster',
  'network-mirrored': 'a network of another host is there on this one',
  'network-removed': 'a network was removed in the cluster, and here',
  'network-outdone': "another host's network of the same name has taken the place of the one made here",
  'network-later': "another host's network of the same name could not be made at once",
  'network-stays': 'a network that was removed here stays, for containers of other hosts use it',
  'network-republished': 'a network in use here was gone from the store, and is back',
  'endpoint-freed': 'an endpoint was freed that has no container any more',
  'endpoint-reclaimed': 'this host was forgotten, and an endpoint of it is back',
  'name-later': 'the name of a container is published with its start event, at level debug',
  'record-later': "this host's own record comes with the next renewal, at level debug",
  'leases-freed': 'addresses or pools were freed that nobody took up',
  'container-started': 'a container was started that could not start before',
  'container-reconnected': 'the engine had forgotten the networks of a container',
  'container-not-started': 'a container could not be started again',
  'redirect-left': "a container's redirect to its resolver is left to time out",
  'version-raised': 'records are written in a newer version, which all hosts read',
  healed: 'a store that was wiped or replaced has what this host holds',
  'id-copied': "DATA_DIR is a copy of another host's",
  'key-new': 'this host gets another WireGuard key',
  'key-gone': 'the WireGuard key that this host had before is used by nobody any more',
  'address-changed': 'this host has another address than before',
  'file-set-aside': 'the file of the embedded store was broken',
} as const;

export type EventName = keyof typeof EVENTS;

export interface Fields {
  readonly event: EventName;
  readonly [field: string]: unknown;
}

type Line = (fields: Fields, message: string) => void;

/** Takes the lines of the log; pino's loggers do. */
export interface Log {
  readonly debug: Line;
  readonly info: Line;
  readonly warn: Line;
  readonly error: Line;
}
