/** Settings of a network's namespace, the same for all networks, and what makes them so. Pure. */
import type { ObservedNamespace } from './observed.js';
import type { Draft } from './steps.js';

/** RFC 3704, section 2.2. */
const STRICT = 1;
const NOT_ASKED = 0;

/** By their paths below /proc/sys; a kernel need not have all of them. Turning forwarding on resets what follows. */
export const NAMESPACE_SYSCTLS: ReadonlyMap<string, number> = new Map([
  // The network's subnets reach each other through it. It would be inherited from the first namespace, whose is not ours.
  ['net/ipv4/ip_forward', 1],
  ['net/ipv6/conf/all/forwarding', 1],
  // Each sender of an ARP request to a gateway becomes an entry of a table that the whole machine shares, so they have to
  // be of the gateway's own subnet.
  ['net/ipv4/conf/all/rp_filter', STRICT],
  // Where br_netfilter is loaded, which engines do, it has each frame of a bridge pass the hooks of IP. There are no rules
  // of IP in here, and filters of ports are hooked before the bridge: it takes 8 % of a round trip for nothing.
  ...['iptables', 'ip6tables', 'arptables'].map((who) => [`net/bridge/bridge-nf-call-${who}`, NOT_ASKED] as const),
]);

export const sysctlSteps = ({ sysctls }: Pick<ObservedNamespace, 'sysctls'>): readonly Draft<'setSysctl'>[] =>
  [...NAMESPACE_SYSCTLS].flatMap(([name, value]): Draft<'setSysctl'>[] => {
    const was = sysctls.get(name);
    return was === undefined || was === value ? [] : [{ kind: 'setSysctl', name, value, reason: `it is ${was}` }];
  });
