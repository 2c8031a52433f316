/** What may be wrong in the kernel of this host, with its engine and in its containers. */
import type { Entries, Reason } from '../entry.js';

export interface HostCodes {
  /** Subject: the name of the network's namespace. */
  'host.network': Reason;
  /** Subject: the name of the network's namespace. */
  'host.takeover': Reason;
  'host.gwbridge': Reason;
  'host.uplinks': Reason;
  'host.sysctls': Reason;
  'host.probe': Reason;
  'host.crypt': Reason;
  'guard.vxlan': Reason;
  'guard.consul': Reason;
  'guard.encryption': Reason;
  'guard.consul-names': { readonly names: string };
  'engine.events': Reason;
  'engine.networks': Reason;
  /** Subject: the network's id. */
  'engine.network': { readonly step: string; readonly reason: string };
  'engine.containers': Reason;
  /** Subject: the container's id. */
  'engine.container': Reason;
  'engine.foreign': Reason;
  'engine.restart': Reason;
  'engine.gwbridge': Reason;
  /** Subject: the path of the container's network namespace. */
  'dns.resolver': Reason;
  /** Subject: the path of the container's network namespace. */
  'dns.share': { readonly answered: number; readonly forwarded: number; readonly pauses: number };
}

const ENGINE_AWAY = 'The engine is stopped, boots, or is busy.';
const ENGINE_BACK =
  'None is needed while it boots: it is asked until it answers. Else look at dockerd (`journalctl -u docker`).';
const FIREWALL = 'The kernel refused a change of its nftables rules; the reason has its word.';

export const HOST: Entries<HostCodes> = {
  'host.network': {
    severity: 'high',
    what: "a network's namespace",
    text: ({ reason }) => `the namespace could not be made right: ${reason}`,
    cause: 'The kernel refused a step, another tool has the VXLAN id or the port, or the cluster is not loaded yet.',
    cure: 'Do as the reason says. It is tried again at least every 10 s, and looked at every 30 s.',
  },
  'host.takeover': {
    severity: 'medium',
    what: "the news of an address's other card",
    text: ({ reason }) => `an address has another card than before, and nobody was told: ${reason}`,
    cause: 'The kernel refused to send the announcement into a network.',
    cure: 'None is needed: containers find out by themselves within 24 s.',
  },
  'host.gwbridge': {
    severity: 'medium',
    what: 'docker_gwbridge',
    text: ({ reason }) => `docker_gwbridge could not be made right: ${reason}`,
    cause: 'The kernel refused its MTU, or that it is made again.',
    cure: 'Do as the reason says, or set GWBRIDGE_MTU=keep and see to it yourself.',
  },
  'host.uplinks': {
    severity: 'high',
    what: 'what the host has for networks with `tsoverlay.gateway=overlay`',
    text: ({ reason }) => `networks with tsoverlay.gateway=overlay have no way to the outside: ${reason}`,
    cause: 'The kernel refused an address of docker_gwbridge, or a change of its nftables rules.',
    cure: 'Do as the reason says. It is looked at every 2 s.',
  },
  'host.sysctls': {
    severity: 'medium',
    what: 'each sysctl that the host needs',
    text: ({ reason }) => `a setting of the kernel could not be made right: ${reason}`,
    cause: 'The process finds /proc/sys read-only, or the kernel refused the value.',
    cure: 'Run the process with /proc/sys writable, or set the value yourself in /etc/sysctl.d.',
  },
  'host.probe': {
    severity: 'low',
    what: 'the probe network',
    text: ({ reason }) => `how this host reaches the others cannot be probed: ${reason}`,
    cause: 'The kernel refused a step, or another tool has VXLAN id 255.',
    cure: 'Do as the reason says. Containers lose nothing by it. It is looked at every 30 s.',
  },
  'host.crypt': {
    severity: 'high',
    what: 'the devices that encrypt',
    text: ({ reason }) => `a device that encrypts could not be made right: ${reason}`,
    cause:
      'The kernel has no WireGuard where containers of encrypted networks run, or where ENCRYPTION wants it; somebody has one of its two UDP ports; or it refused a step.',
    cure: 'Load the module wireguard (it is asked for each minute), name other ports by WIREGUARD_PORT, or do as the reason says. Devices are looked at every 2 s.',
  },
  'guard.vxlan': {
    severity: 'high',
    what: "the guard of VXLAN's port",
    text: ({ reason }) => `VXLAN from unknown addresses is not kept out: ${reason}`,
    cause: FIREWALL,
    cure: 'Load the module nf_tables, and see what else changes the ruleset; VXLAN_GUARD=off where a firewall of your own does it.',
  },
  'guard.consul': {
    severity: 'high',
    what: 'the guard of Consul',
    text: ({ reason }) => `containers are not kept away from Consul: ${reason}`,
    cause: FIREWALL,
    cure: 'Load the module nf_tables, and see what else changes the ruleset.',
  },
  'guard.encryption': {
    severity: 'high',
    what: 'the fence around encrypted networks',
    text: ({ reason }) => `what is meant for encrypted networks is not kept from leaving in clear: ${reason}`,
    cause: FIREWALL,
    cure: 'Load the module nf_tables, and see what else changes the ruleset.',
  },
  'guard.consul-names': {
    severity: 'medium',
    what: 'the addresses of Consul for its guard',
    text: ({ names }) =>
      `containers are kept away from Consul on this host alone, for its name does not resolve: ${names}`,
    cause: 'CLUSTER_STORE names Consul by a name that the resolver of this host does not know.',
    cure: 'Name Consul by its address in CLUSTER_STORE, or put the name into DNS or /etc/hosts.',
  },
  'engine.events': {
    severity: 'medium',
    what: "the engine's events",
    text: ({ reason }) => `the engine does not answer yet: ${reason}`,
    cause: ENGINE_AWAY,
    cure: ENGINE_BACK,
  },
  'engine.networks': {
    severity: 'medium',
    what: "the comparison of the engine's networks with the cluster's",
    text: ({ reason }) => `the engine's networks could not be compared with the cluster's: ${reason}`,
    cause: `${ENGINE_AWAY} Or a step for one network failed, see \`engine.network\`.`,
    cure: ENGINE_BACK,
  },
  'engine.network': {
    severity: 'medium',
    what: "a network's place in the engine",
    text: ({ reason }) => `a step of the engine pass failed: ${reason}`,
    cause:
      'The engine refuses to make or remove a network that the cluster has made or removed: its name or subnet is taken on this host, or containers still use it.',
    cure: 'Do as the reason says: remove the local network that is in the way, or the containers that keep the old one.',
  },
  'engine.containers': {
    severity: 'medium',
    what: "the comparison of the engine's containers with the cluster's endpoints",
    text: ({ reason }) => `the engine did not tell about its containers: ${reason}`,
    cause: `${ENGINE_AWAY} Or the store does not answer.`,
    cure: ENGINE_BACK,
  },
  'engine.container': {
    severity: 'medium',
    what: "the engine's word on a container",
    text: ({ reason }) => `the engine says nothing of a container; all else goes on: ${reason}`,
    cause: 'The engine keeps the container locked: it is just starting or stopping, or hangs.',
    cure: '`docker inspect` of that container shows whether it hangs; if it does, restart the engine. The names of its container may be out of date meanwhile.',
  },
  'engine.foreign': {
    severity: 'medium',
    what: 'who is on the networks of other drivers',
    text: ({ reason }) => `the engine did not tell who is on the networks of other drivers: ${reason}`,
    cause: ENGINE_AWAY,
    cure: `${ENGINE_BACK} Names that a bridge network and one of ours both have may be answered from ours meanwhile.`,
  },
  'engine.restart': {
    severity: 'low',
    what: 'the start of containers that could not start before',
    text: ({ reason }) => `containers that could not start are looked for later: ${reason}`,
    cause: 'The store or the engine does not answer.',
    cure: 'See `store.news` and `engine.events`.',
  },
  'engine.gwbridge': {
    severity: 'medium',
    what: 'the making of docker_gwbridge',
    text: ({ reason }) => `docker_gwbridge is left to the engine: ${reason}`,
    cause: 'The engine does not answer, or refuses the subnet.',
    cure: 'Do as the reason says, or name a free subnet in GWBRIDGE_SUBNET.',
  },
  'dns.resolver': {
    severity: 'medium',
    what: "a container's resolver",
    byContainers: true,
    text: ({ reason }) => `DNS: names of other hosts do not resolve in this container: ${reason}`,
    cause:
      "The kernel refused the resolver's sockets or rules in the container's namespace, or the container, with NET_ADMIN, keeps its own rules busy, takes ours away again and again, or ends our sockets.",
    cure: 'Do as the reason says. It is tried again after 10 s, then ever later, five minutes at most.',
  },
  'dns.share': {
    severity: 'medium',
    what: "a container's share of the resolvers' work",
    byContainers: true,
    text: () => 'DNS of a container: it asks for more than its share, and the engine’s resolver answers it for a while',
    cause: 'The container asks without end.',
    cure: 'Look at what it asks for. Names of other hosts are back for it four seconds later, as long as it asks less.',
  },
};
