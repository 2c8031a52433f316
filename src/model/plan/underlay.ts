/** What a network and the network below it must have of each other. Pure. */
import { contains, familyOf } from '../values/address.js';
import { OPTION_ENCRYPTED } from '../values/names.js';
import type { Network, Node, NodeAddress } from '../values/types.js';
import { isAntispoof } from './antispoof.js';
import { layoutOf } from './layout.js';
import type { AccelerationPlan, NamespacePlan } from './namespace-plan.js';
import type { Self } from './self.js';

/** As Go spells it (strconv.ParseBool), for the engines' own overlay takes the same option. */
const FALSE = /^(?:0|f|F|FALSE|false|False)$/;

/** Whatever else a record says there: in doubt nothing leaves in clear. */
export const isEncrypted = (options: Readonly<Record<string, string>>): boolean => {
  const value = options[OPTION_ENCRYPTED];
  return value !== undefined && !FALSE.test(value);
};

/** IP, UDP, VXLAN and inner Ethernet headers (RFC 7348), by the underlay's family, bytes. */
const VXLAN_OVERHEAD = { 4: 50, 6: 70 } as const;

/** Outer IP and UDP headers, and WireGuard's own with its tag, by the underlay's family, bytes. */
const WIREGUARD_OVERHEAD = { 4: 60, 6: 80 } as const;

/** What VXLAN between hosts of this one's family adds to each packet, bytes. */
export const vxlanOverhead = (self: NodeAddress): number => VXLAN_OVERHEAD[familyOf(self)];

/** What it leaves of the underlay's MTU, bytes. */
export const withinVxlan = (mtu: number, self: NodeAddress): number => mtu - vxlanOverhead(self);

/** The MTU of the mesh that encrypts, bytes: what it sends fills a packet of the underlay exactly. */
export const meshMtu = ({ address, mtu }: Pick<Self, 'address' | 'mtu'>): number =>
  mtu - WIREGUARD_OVERHEAD[familyOf(address)];

/** What is put around each frame of a network between hosts, by the underlay's family, bytes. */
export const overheadOf = (encrypted: boolean, family: 4 | 6): number =>
  // Inside of the mesh all is IPv4.
  encrypted ? WIREGUARD_OVERHEAD[family] + VXLAN_OVERHEAD[4] : VXLAN_OVERHEAD[family];

/** The MTU inside a network: the user's underlay MTU, or this host's, less what is put around each frame. */
export const overlayMtu = (network: Network, { address, mtu }: Pick<Self, 'address' | 'mtu'>): number =>
  (network.mtu ?? mtu) - overheadOf(isEncrypted(network.options), familyOf(address));

/** The node whose VTEP lies in the subnet, if any: such a network would cut its containers off that host. */
export const underlayInside = (pool: string, nodes: Iterable<Node>): Node | undefined =>
  [...nodes].find((node) => contains(pool, node.address));

/** Living nodes whose VTEP is of the other family than `self`; a dead one's record may be that of an older setting. */
export const beyondVxlan = (nodes: Iterable<Node>, self: NodeAddress): readonly Node[] =>
  [...nodes].filter((node) => node.alive && familyOf(node.address) !== familyOf(self));

const ETHERNET = 14;

/**
 * Whether frames have the short way, beside the ordinary one (port, bridge, VXLAN device), which is the same with it and
 * without; docs/acceleration.md says how it goes. Not where every frame is to be looked at: a port that holds its container
 * to a record does so behind the place of our program. Of several segments each would need its own.
 */
export function accelerationOf(network: Network, self: Self, mtu: number): Pick<NamespacePlan, 'acceleration'> {
  if (self.acceleration === 'undecided') return { acceleration: 'undecided' };
  const [subnets, ...others] = layoutOf(network).segments;
  const vni = subnets?.[0]?.vni;
  if (self.acceleration === 'off' || vni === undefined || others.length > 0) return {};
  if (familyOf(self.address) !== 4 || isAntispoof(network.options) || isEncrypted(network.options)) return {};
  const fits = self.mtu - VXLAN_OVERHEAD[4];
  return { acceleration: { vni, local: self.address, port: self.port, longest: Math.min(mtu, fits) + ETHERNET } };
}

/** What programs are made for, as it stands in their filters' names. */
export const markOf = ({ vni, local, port, longest }: AccelerationPlan): string => `${vni} ${local}:${port} ${longest}`;
