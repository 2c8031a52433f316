/** What may be wrong with this host as a member of the cluster. */
import type { Entries, Reason } from '../entry.js';

export interface NodeCodes {
  'agent.identity': Reason;
  'agent.load': Reason;
  'agent.heal': Reason;
  'agent.reap': Reason;
  'agent.metrics': Reason;
  'node.key': Reason & { readonly refused: boolean };
  'node.former': Reason;
  'node.drained': { readonly since: string };
  'node.record': Reason;
  /** Subject: the network's id. */
  'node.member': Reason;
  /** Subject: the endpoint's id. */
  'endpoint.lost': { readonly names: string; readonly addresses: string; readonly conflicts: string };
  /** `words`: where the version stands. */
  'cluster.version': { readonly words: string; readonly version: number; readonly newest: number };
  'cluster.version-look': Reason;
  /** Subject: the other node's id. */
  'cluster.family': { readonly hostname: string; readonly address: string; readonly self: string };
  /** Subject: the network's id, and the subnet. */
  'cluster.hidden-host': {
    readonly network: string;
    readonly subnet: string;
    readonly hostname: string;
    readonly address: string;
  };
  /** Subject: the network's id. */
  'cluster.way-out': {
    readonly network: string;
    readonly subnet: string;
    readonly hostname: string;
    readonly gwbridge: string;
  };
}

const STORE_AWAY = 'The store does not answer, or refuses; the reason says which.';
const STORE_BACK = 'See `store.news`. It is tried until it works.';

export const NODE: Entries<NodeCodes> = {
  'agent.identity': {
    severity: 'high',
    what: 'the id of this host',
    text: ({ reason }) => `it is not settled yet who this host is; trying on: ${reason}`,
    cause: `${STORE_AWAY} Or a session of this host's of before its boot has not ended yet.`,
    cure: `${STORE_BACK} A session ends within 40 s.`,
  },
  'agent.load': {
    severity: 'high',
    what: 'the cluster that this host starts with',
    text: ({ reason }) => `the cluster could not be loaded; trying on: ${reason}`,
    cause: STORE_AWAY,
    cure: `${STORE_BACK} Containers run on with what this host knew last.`,
  },
  'agent.heal': {
    severity: 'high',
    what: 'the filling of a store that was wiped or replaced',
    text: ({ reason }) => `the store could not be healed; trying on: ${reason}`,
    cause: STORE_AWAY,
    cure: STORE_BACK,
  },
  'agent.reap': {
    severity: 'medium',
    what: 'the freeing of what died with the boot',
    text: ({ reason }) => `what died with the host could not be freed; trying on: ${reason}`,
    cause: STORE_AWAY,
    cure: STORE_BACK,
  },
  'agent.metrics': {
    severity: 'medium',
    what: 'the serving of metrics at METRICS_ADDR',
    text: ({ reason }) => `metrics are not served at METRICS_ADDR; trying on: ${reason}`,
    cause: 'Another process has the port, or no interface of this host has the address.',
    cure: 'Name another address or port in METRICS_ADDR, or end what has it. All else goes on, and it is tried until it works.',
  },
  'node.key': {
    severity: 'high',
    what: "this host's hold on its node key",
    text: ({ reason, refused }) => (refused ? reason : `this host cannot take or keep its node key: ${reason}`),
    over: () => 'this host has its node key',
    cause:
      "The store does not answer; or another living host has this one's address or id; or a setting does not fit the cluster's.",
    cure: 'Do as the sentence says: give one of the two hosts another CLUSTER_ADVERTISE, or set what does not fit; else see `store.news`. Meanwhile this host changes nothing.',
  },
  'node.former': {
    severity: 'medium',
    what: "the removal of this host's former node keys",
    text: ({ reason }) => `the node key of this host's former address stays for now: ${reason}`,
    cause: STORE_AWAY,
    cure: STORE_BACK,
  },
  'node.drained': {
    severity: 'medium',
    what: 'the taking of containers on this host',
    text: ({ since }) => `this host takes no more containers since ${since}`,
    cause: 'Somebody typed `tsoverlay node drain` here.',
    cure: '`tsoverlay node drain --off`, once it is to take containers again.',
  },
  'node.record': {
    severity: 'medium',
    what: "this host's own record",
    text: ({ reason }) => `the host's own record could not be brought up to date: ${reason}`,
    cause: 'The store does not answer, or the address of CLUSTER_ADVERTISE is on no interface any more.',
    cure: 'See `store.news`; put the address back, or set another CLUSTER_ADVERTISE.',
  },
  'node.member': {
    severity: 'low',
    what: "this host's leaving of a network that nobody here uses any more",
    text: ({ reason }) =>
      `this host goes on following a network that nobody here uses: it could not leave it: ${reason}`,
    cause: STORE_AWAY,
    cure: 'None is needed: until then this host only reads what it need not know. It is tried again, ever later.',
  },
  'endpoint.lost': {
    severity: 'high',
    what: 'an endpoint of this host',
    text: ({ names }) =>
      `this host was forgotten and others have what this endpoint held: cut off; docker network disconnect and connect it: ${names}`,
    cause: 'Somebody ran `tsoverlay node forget` for this host while it was away, and others took the address or name.',
    cure: '`docker network disconnect` and `docker network connect` of that container: it gets another address.',
  },
  'cluster.version': {
    severity: 'medium',
    what: 'the version of the records in the store',
    text: ({ words }) => words,
    cause: 'Some hosts of the cluster run an older release, or somebody wrote the version by hand.',
    cure: 'Upgrade tsoverlay on the hosts that the sentence names; `tsoverlay node forget ADDRESS` for those that never return.',
  },
  'cluster.version-look': {
    severity: 'low',
    what: 'the look at the version of the records',
    text: ({ reason }) => `which version the cluster has is not known: ${reason}`,
    cause: STORE_AWAY,
    cure: STORE_BACK,
  },
  'cluster.family': {
    severity: 'high',
    what: 'one family of addresses on all hosts',
    text: ({ hostname, address, self }) =>
      `host ${hostname} advertises ${address} and this host ${self}: containers of the two cannot reach each other; set CLUSTER_ADVERTISE to addresses of one family on all hosts`,
    over: ({ hostname }) => `host ${hostname} is no more, or has an address of the family of this one's`,
    cause: 'No VXLAN device sends to IPv4 and to IPv6 addresses.',
    cure: 'Set CLUSTER_ADVERTISE to addresses of one family on all hosts.',
  },
  'cluster.hidden-host': {
    severity: 'medium',
    what: 'a subnet beside the LAN',
    text: ({ network, subnet, hostname, address }) =>
      `network ${network} has subnet ${subnet}, in which host ${hostname} has its address ${address}: its containers do not reach that LAN, nor it their published ports; make networks with --ipam-driver tsoverlay, or name another --subnet`,
    over: ({ network, hostname }) => `network ${network} leaves host ${hostname} its LAN`,
    cause: "The engine's own IPAM chose the subnet without a look at the LAN.",
    cure: 'Make networks with `--ipam-driver tsoverlay`, or name another `--subnet`.',
  },
  'cluster.way-out': {
    severity: 'high',
    what: 'a subnet beside docker_gwbridge',
    text: ({ network, subnet, hostname, gwbridge }) =>
      `network ${network} has subnet ${subnet}, which overlaps ${gwbridge} of docker_gwbridge on host ${hostname}: no container can join it there; remove that docker_gwbridge, and tsoverlay makes another`,
    over: ({ network, hostname }) => `network ${network} leaves host ${hostname} its docker_gwbridge`,
    cause: 'The host came to the cluster with a docker_gwbridge that covers a network which was there.',
    cure: 'On that host stop the containers that use it and run `docker network rm docker_gwbridge`: tsoverlay makes another, beside all networks.',
  },
};
