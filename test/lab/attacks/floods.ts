/** The floods: what runs in the attacker's container, with which capabilities, and how much it must achieve. */

/** What the attacker finds around it. */
export interface Targets {
  /** The attacked network without host part, its gateway, and a container on the other host, by family. */
  readonly network: Readonly<Record<4 | 6, string>>;
  readonly gateway: Readonly<Record<4 | 6, string>>;
  readonly peer: Readonly<Record<4 | 6, string>>;
  readonly peerMac: string;
  /** A name of the attacked network. */
  readonly name: string;
  /** The attacker's host on the underlay, and the other one. */
  readonly ownHost: string;
  readonly otherHost: string;
  /** Of the network that is not attacked: its VXLAN id, and its container on each host. */
  readonly vni: number;
  readonly ownVictim: Victim;
  readonly otherVictim: Victim;
}

export interface Victim {
  readonly address: string;
  readonly mac: string;
}

/** `none`: no capability, as nobody; `default`: as docker run gives them. */
export type Power = 'none' | 'default' | 'NET_ADMIN';

/** Options of `docker run`. */
export const POWERS: Readonly<Record<Power, readonly string[]>> = {
  none: ['--cap-drop', 'ALL', '--user', '65534:65534'],
  default: [],
  NET_ADMIN: ['--cap-add', 'NET_ADMIN'],
};

export interface Flood {
  readonly name: string;
  /** The family it is of, where it has one. */
  readonly family?: 4 | 6;
  readonly powers: readonly Power[];
  /** Arguments of `attack` after the seconds. */
  readonly command: (at: Targets) => readonly string[];
  /** Strikes in a second; with fewer it has attacked nobody, and its test proves nothing. */
  readonly least: number;
  /** True where it must carry nothing into the other network; its containers listen meanwhile. */
  readonly injects?: true;
  /** True for those that `npm test` has too. */
  readonly short?: true;
}

const EVERYBODY = ['none', 'default'] as const;
/** Those who may write frames of any kind. */
const RAW = ['default', 'NET_ADMIN'] as const;
const NOBODY = ['none'] as const;
const ADMIN = ['NET_ADMIN'] as const;

const ofEach = (make: (family: 4 | 6) => Flood): readonly Flood[] => [make(4), make(6)];
const dns = (name: string, attack: string, least: number, more: Partial<Flood> = {}): Flood => ({
  ...{ name, powers: NOBODY, least, command: () => [attack], ...more },
});
const admin = (name: string, command: readonly string[], least: number, more: Partial<Flood> = {}): Flood => ({
  ...{ name, powers: ADMIN, least, command: () => command, ...more },
});
const withName = (attack: string) => (at: Targets) => [attack, at.name];

export const FLOODS: readonly Flood[] = [
  { name: 'ARP', family: 4, powers: RAW, least: 5_000, command: (at) => ['arp', 'eth0', at.gateway[4]] },
  {
    ...{ name: 'neighbour solicitations', family: 6, powers: RAW, least: 5_000 },
    command: (at) => ['nd', 'eth0', at.network[6], at.gateway[6]],
  },
  { name: 'random MACs', powers: RAW, least: 5_000, command: (at) => ['macs', 'eth0', at.peerMac] },
  ...ofEach((family) => ({
    ...{ name: 'UDP to unassigned addresses', family, powers: EVERYBODY, least: 100, short: true as const },
    command: (at) => ['udp', at.network[family]],
  })),
  ...ofEach((family) => ({
    ...{ name: 'TCP to unassigned addresses', family, powers: EVERYBODY, least: 100 },
    command: (at) => ['tcp', at.network[family]],
  })),
  ...ofEach((family) => ({
    ...{ name: 'fragments', family, powers: EVERYBODY, least: 100 },
    command: (at) => ['frag', at.network[family], at.peer[family]],
  })),
  ...ofEach((family) => ({
    ...{ name: 'multicast groups and datagrams', family, powers: EVERYBODY, least: 500 },
    command: () => ['mcast', 'eth0', String(family)],
  })),
  // Not short, as the next one but one: what the engine's resolver makes of the burst that it gets is most of a few
  // seconds. What they cost us is in `npm test` with test/kernel/dns-attack.test.ts.
  dns('DNS by UDP: unknown names', 'dns-unknown', 500),
  dns('DNS by UDP: a known name', '', 500, { command: withName('dns-known') }),
  dns('DNS by UDP: 65 KB of compression pointers', 'dns-ladder', 50, { powers: EVERYBODY }),
  dns('DNS by UDP: garbage', 'dns-garbage', 500),
  dns('DNS by TCP: questions, never read', '', 10, { short: true, command: withName('dns-pipeline') }),
  dns('DNS by TCP: 4,000 connections', 'dns-connections', 100),
  dns('DNS by TCP: a byte at a time', '', 100, { command: withName('dns-trickle') }),
  admin('addresses by the thousand', ['addresses', 'eth0'], 100),
  admin('links by the thousand', ['links'], 10),
  admin('eth0 down and up', ['flap', 'eth0'], 100),
  admin('eth0 deleted whenever it is there', ['delete', 'eth0'], 0.05, { short: true }),
  {
    ...{ name: 'hand-made VXLAN to the other host', powers: EVERYBODY, least: 1_000, injects: true, short: true },
    command: (at) => ['vxlan', at.otherHost, String(at.vni), at.otherVictim.mac, at.otherVictim.address],
  },
  {
    ...{ name: 'hand-made VXLAN to its own host', powers: NOBODY, least: 1_000, injects: true },
    command: (at) => ['vxlan', at.ownHost, String(at.vni), at.ownVictim.mac, at.ownVictim.address],
  },
];

/** Half a CPU that attacks nobody: what the others see of it is the noise of the machine. */
export const CONTROL: Flood = {
  name: 'control: half a CPU, no attack',
  powers: NOBODY,
  least: 1,
  command: () => ['burn'],
};

/** How a flood is called in the table and in a test's title. */
export const titleOf = ({ name, family }: Flood, power: Power): string =>
  `${name}${family === undefined ? '' : `, IPv${family}`}, capabilities: ${power}`;
