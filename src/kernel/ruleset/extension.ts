/**
 * Extensions of iptables' in rules of nf_tables (iptables-nft): what they hold against a new datagram of VXLAN. Their
 * structures are those of linux/netfilter/xt_*.h, in the host's order. Pure.
 */
import type { Expression } from '../../model/firewall/ruleset.js';

/** XT_CONNTRACK_STATE_BIT(IP_CT_NEW): each flow of VXLAN is one way, so it is never established. */
const STATE_NEW = 8;
const XT_CONNTRACK_STATE = 1;
/** struct xt_conntrack_mtinfo2 and 3: behind eight addresses with masks, two times and five numbers of 16 bits. */
const CONNTRACK = { flags: 146, inverted: 148, states: 150 } as const;
const UDP_INVERTED = { source: 1, destination: 2 } as const;
/** NETMAP does so behind the routing. */
const SOURCE_NAT: ReadonlySet<string> = new Set(['MASQUERADE', 'SNAT', 'NETMAP']);
const UNKNOWN: Expression = { kind: 'unknown' };

/** `info`: its structure, as its revision has it. */
export function extensionOf(name: string, revision: number, info: Buffer): Expression {
  if (name === 'comment') return { kind: 'known', holds: true };
  if (name === 'tcp' || name === 'icmp' || name === 'icmp6') return { kind: 'known', holds: false };
  if (name === 'udp' && info.length >= 9) return udp(info);
  if (name === 'state' && info.length >= 4) return { kind: 'known', holds: (info.readUInt32LE(0) & STATE_NEW) !== 0 };
  if (name === 'conntrack' && revision >= 2 && info.length >= 152) return conntrack(info);
  return UNKNOWN;
}

/** Ports of the source and the destination, first and last of each; the source's may be any. */
function udp(info: Buffer): Expression {
  const port = (at: number): number => info.readUInt16LE(at);
  const [from, to, first, last] = [port(0), port(2), port(4), port(6)];
  const inverted = info.readUInt8(8);
  if (from !== 0 || to !== 0xffff || (inverted & UDP_INVERTED.source) !== 0) return UNKNOWN;
  const isOut = (inverted & UDP_INVERTED.destination) !== 0;
  return { kind: 'port', first, last, isOut };
}

function conntrack(info: Buffer): Expression {
  if (info.readUInt16LE(CONNTRACK.flags) !== XT_CONNTRACK_STATE) return UNKNOWN;
  const isIn = (info.readUInt16LE(CONNTRACK.states) & STATE_NEW) !== 0;
  return { kind: 'known', holds: (info.readUInt16LE(CONNTRACK.inverted) & XT_CONNTRACK_STATE) !== 0 ? !isIn : isIn };
}

/** What goes on with the next rule is none. */
export function targetOf(name: string): readonly Expression[] {
  if (name === 'REJECT') return [{ kind: 'verdict', verdict: { kind: 'drop' } }];
  return SOURCE_NAT.has(name) ? [{ kind: 'verdict', verdict: { kind: 'translate' } }] : [];
}
