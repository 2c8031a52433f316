/**
 * Whether somebody else has rules of his own for a UDP port of this host: what a program takes at the device passes none of
 * them. Looked for are rules that name the port, in nftables and by iptables over it, and policies of IPsec that may be
 * about it. A look is bounded, for names wait meanwhile: what is more, as with a load balancer, counts as such a rule.
 */
import { closeSync } from 'node:fs';
import { isKernelError } from '../../errors.js';
import { generationOf } from '../netfilter/generation.js';
import { type Allowance, askWithin, closeNetfilter, datagrams, openOwnNetfilter } from '../netfilter/socket.js';
import { readText } from '../netlink/attributes.js';
import { openNetlink } from '../netlink/socket.js';
import { attributeOf, dump, Msg, text } from '../nft/message.js';
import { NFTA_RULE, NFTA_SET, NFTA_SET_ELEM_LIST } from '../nft/uapi.js';
import { together } from '../opening/together.js';
import { check, send } from '../system/libc.js';
import { withNamespaceOf } from '../system/netns.js';

/** NFPROTO_INET, NFPROTO_IPV4, NFPROTO_NETDEV: those that see IPv4. */
const FAMILIES = [1, 2, 5];
const PORT_BYTES = 2;
/** Of all answers to one look. */
const MOST_DATAGRAMS = 40;
const OURS = 'tsoverlay';

const NETLINK_XFRM = 6;
const XFRM_MSG_GETPOLICY = 0x15;
const XFRM_MSG_NEWPOLICY = 0x13;
const DUMP = 0x301;
/** nlmsghdr, and struct xfrm_userpolicy_id. */
const HEADER = 16;
const POLICY_ID = 64;
/** struct xfrm_selector: where its port, the port's mask, its family and its protocol are. */
const SELECTOR = { dport: 32, mask: 34, family: 40, protocol: 44 } as const;
const [AF_INET, UDP] = [2, 17];

/** In the network namespace that the calling thread was in when this was made. */
export class ForeignRules {
  /** Each question has a socket of its own beside these: what is not read to its end is in the way of the next one. */
  private readonly netfilter: number | undefined;
  private readonly ipsec: number | undefined;
  private seen: { readonly generation: number; readonly found: string | undefined } | undefined;

  /** UDP. */
  constructor(private readonly port: number) {
    [this.netfilter, this.ipsec] = together((keep) => [
      keep(unlessLacking(openOwnNetfilter), endNetfilter),
      unlessLacking(openIpsec),
    ]);
  }

  /** A sentence about what is in the way; undefined when nothing is. Rules are read again only when somebody changed any. */
  look(): string | undefined {
    const allowance = { left: MOST_DATAGRAMS };
    return this.inNftables(allowance) ?? this.inIpsec(allowance);
  }

  close(): void {
    endNetfilter(this.netfilter);
    if (this.ipsec !== undefined) closeSync(this.ipsec);
  }

  private inNftables(allowance: Allowance): string | undefined {
    if (this.netfilter === undefined) return undefined;
    const generation = generationOf(this.netfilter);
    if (generation !== 0 && this.seen?.generation === generation) return this.seen.found;
    const fd = withNamespaceOf(this.netfilter, openOwnNetfilter);
    try {
      const table = tableFor(fd, this.port, allowance);
      const found = table === TOO_MUCH ? this.unseen('rules and sets') : this.found(table);
      this.seen = { generation, found };
      return found;
    } finally {
      closeNetfilter(fd);
    }
  }

  private inIpsec(allowance: Allowance): string | undefined {
    if (this.ipsec === undefined) return undefined;
    const fd = withNamespaceOf(this.ipsec, openIpsec);
    try {
      const policy = policyFor(fd, this.port, allowance);
      return policy === TOO_MUCH ? this.unseen('policies of IPsec') : this.found(policy);
    } finally {
      closeSync(fd);
    }
  }

  private found(what: string | undefined): string | undefined {
    return what && `${what} is about UDP ${this.port}, and would not see what takes the short way`;
  }

  private unseen(what: string): string {
    return `the host has more ${what} than are looked through for some about UDP ${this.port}`;
  }
}

const TOO_MUCH = Symbol('too much');

function endNetfilter(fd: number | undefined): void {
  if (fd !== undefined) closeNetfilter(fd);
}

const openIpsec = (): number => openNetlink(NETLINK_XFRM);

/** Undefined on a kernel that has nothing of the kind. */
function unlessLacking(open: () => number): number | undefined {
  try {
    return open();
  } catch (e) {
    if (isKernelError(e, 'EPROTONOSUPPORT')) return undefined;
    throw e;
  }
}

function tableFor(fd: number, port: number, allowance: Allowance): string | typeof TOO_MUCH | undefined {
  for (const family of FAMILIES) {
    const found = ruleFor(fd, family, port, allowance) ?? setFor(fd, family, port, allowance);
    if (found !== undefined) return found;
  }
  return undefined;
}

function ruleFor(fd: number, family: number, port: number, allowance: Allowance): string | typeof TOO_MUCH | undefined {
  const rules = askWithin(fd, 'nft list ruleset', dump(Msg.getRule, [], family), Msg.newRule, allowance);
  for (const rule of rules ?? []) {
    const table = readText(attributeOf(rule, NFTA_RULE.TABLE));
    const expressions = attributeOf(rule, NFTA_RULE.EXPRESSIONS);
    if (!table.startsWith(OURS) && expressions !== undefined && namesPort(expressions, port))
      return `a rule of table ${table}`;
  }
  return rules === undefined ? TOO_MUCH : undefined;
}

function setFor(fd: number, family: number, port: number, allowance: Allowance): string | typeof TOO_MUCH | undefined {
  const all = askWithin(fd, 'nft list sets', dump(Msg.getSet, [], family), Msg.newSet, allowance);
  const sets = all?.filter(isOfPorts);
  if (sets === undefined) return TOO_MUCH;
  for (const set of sets) {
    const { table, name } = nameOfSet(set);
    const named = [text(NFTA_SET_ELEM_LIST.TABLE, table), text(NFTA_SET_ELEM_LIST.SET, name)];
    const question = dump(Msg.getSetElem, named, family);
    const elements = askWithin(fd, `nft list set ${table} ${name}`, question, Msg.newSetElem, allowance);
    if (elements === undefined) return TOO_MUCH;
    if (elements.some((e) => hasValue(e, port))) return `a set of table ${table}`;
  }
  return undefined;
}

const nameOfSet = (set: Buffer) => ({
  table: readText(attributeOf(set, NFTA_SET.TABLE)),
  name: readText(attributeOf(set, NFTA_SET.NAME)),
});

const isOfPorts = (set: Buffer): boolean =>
  attributeOf(set, NFTA_SET.KEY_LEN)?.readUInt32BE() === PORT_BYTES && !nameOfSet(set).table.startsWith(OURS);

/** By nftables itself, or by a match of iptables: its ranges and lists are in the host's order. */
function namesPort(expressions: Buffer, port: number): boolean {
  if (hasValue(expressions, port)) return true;
  const word = Buffer.alloc(2);
  word.writeUInt16LE(port);
  if (expressions.includes('multiport\0')) return expressions.includes(word);
  return expressions.includes('udp\0') && expressions.includes(Buffer.concat([word, word]));
}

/** As NFTA_DATA_VALUE. */
const hasValue = (bytes: Buffer, port: number): boolean =>
  bytes.includes(Buffer.from([6, 0, 1, 0, port >> 8, port & 0xff]));

/** `ip xfrm policy` */
function policyFor(fd: number, port: number, { left }: Allowance): string | typeof TOO_MUCH | undefined {
  const question = Buffer.alloc(HEADER + POLICY_ID);
  question.writeUInt32LE(question.length);
  question.writeUInt16LE(XFRM_MSG_GETPOLICY, 4);
  question.writeUInt16LE(DUMP, 6);
  check('ip xfrm policy', Number(send(fd, question, question.length, 0)));
  const answers = datagrams('ip xfrm policy', fd, left);
  if (answers.length > left) return TOO_MUCH;
  const policies = answers.flatMap((datagram) => [...policiesIn(datagram)]);
  return policies.some((policy) => covers(policy, port)) ? 'a policy of IPsec' : undefined;
}

function* policiesIn(datagram: Buffer): Generator<Buffer> {
  for (let at = 0; at + HEADER <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < HEADER) return;
    if (datagram.readUInt16LE(at + 4) === XFRM_MSG_NEWPOLICY) yield datagram.subarray(at + HEADER, at + length);
    at += (length + 3) & ~3;
  }
}

/** Whatever addresses it is for: a host that has such policies has them for its own reasons. */
function covers(selector: Buffer, port: number): boolean {
  if (selector.length <= SELECTOR.protocol) return false;
  const [family, protocol] = [selector.readUInt16LE(SELECTOR.family), selector[SELECTOR.protocol]];
  const mask = selector.readUInt16BE(SELECTOR.mask);
  if ((family !== 0 && family !== AF_INET) || (protocol !== 0 && protocol !== UDP)) return false;
  return (selector.readUInt16BE(SELECTOR.dport) & mask) === (port & mask);
}
