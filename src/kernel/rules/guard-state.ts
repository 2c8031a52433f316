/** What the guard's table is like in the kernel, read back for comparison and for people. */
import type { GuardDrops } from '../../model/host/vxlan-guard.js';
import { ask } from '../netfilter/socket.js';
import { readText } from '../netlink/attributes.js';
import { attributeOf, attributesIn, dump, Msg, question, text } from '../nft/message.js';
import { NFTA_DATA, NFTA_EXPR, NFTA_RULE, NFTA_SET_ELEM, NFTA_SET_ELEM_LIST, NFTA_TABLE } from '../nft/uapi.js';
import { GUARD_TABLE, type GuardChain, NODES, nodeOf, VNIS, vniOf } from './guard-rules.js';

const VERB = `nft list table ${GUARD_TABLE}`;

/** What is in the sets. */
export interface Members {
  readonly nodes: ReadonlySet<string>;
  readonly vnis: ReadonlySet<number>;
}

interface FoundRule {
  readonly chain: string;
  readonly name: string;
  /** Undefined for rules that count nothing. */
  readonly dropped: number | undefined;
}

export const isThere = (fd: number, family: number): boolean => flagsOf(fd, family) !== undefined;

/** Undefined unless flags and rules (by their comments) are those of a table that was just made. */
export function readMembers(fd: number, family: number, chains: readonly GuardChain[]): Members | undefined {
  if (flagsOf(fd, family) !== 0) return undefined;
  const found = readRules(fd, family);
  const wanted = chains.flatMap((chain) => chain.rules.map(({ name }) => ({ chain: chain.name, name })));
  const isSame = (rule: FoundRule, i: number) => rule.chain === wanted[i]?.chain && rule.name === wanted[i]?.name;
  if (found.length !== wanted.length || !found.every(isSame)) return undefined;
  return {
    nodes: new Set(elements(fd, family, NODES).map(nodeOf)),
    vnis: new Set(elements(fd, family, VNIS).map(vniOf)),
  };
}

/** Datagrams dropped so far by chain, in the table's order; undefined when there is no guard. */
export function readDrops(fd: number, family: number): GuardDrops | undefined {
  const drops = new Map<string, number>();
  for (const { chain, dropped } of readRules(fd, family)) drops.set(chain, (drops.get(chain) ?? 0) + (dropped ?? 0));
  return drops.size === 0 ? undefined : drops;
}

/** Undefined when there is no table; 0 for one that is at work. */
function flagsOf(fd: number, family: number): number | undefined {
  const [table] = ask(fd, VERB, question(Msg.getTable, [text(NFTA_TABLE.NAME, GUARD_TABLE)], family), Msg.newTable);
  return table && (attributeOf(table, NFTA_TABLE.FLAGS)?.readUInt32BE() ?? 0);
}

function readRules(fd: number, family: number): readonly FoundRule[] {
  const rules = ask(fd, VERB, dump(Msg.getRule, [text(NFTA_RULE.TABLE, GUARD_TABLE)], family), Msg.newRule);
  // A kernel that does not know the filter tells of all tables.
  return rules.filter((rule) => readText(attributeOf(rule, NFTA_RULE.TABLE)) === GUARD_TABLE).map(readRule);
}

const readRule = (rule: Buffer): FoundRule => ({
  chain: readText(attributeOf(rule, NFTA_RULE.CHAIN)),
  name: readText(attributeOf(rule, NFTA_RULE.USERDATA)?.subarray(2)),
  dropped: readCounter(attributeOf(rule, NFTA_RULE.EXPRESSIONS)),
});

function readCounter(expressions: Buffer | undefined): number | undefined {
  for (const { value } of attributesIn(expressions))
    if (readText(attributeOf(value, NFTA_EXPR.NAME)) === 'counter')
      return Number(attributeOf(attributeOf(value, NFTA_EXPR.DATA), 2)?.readBigUInt64BE() ?? 0n);
  return undefined;
}

function elements(fd: number, family: number, set: string): readonly Buffer[] {
  const attributes = [text(NFTA_SET_ELEM_LIST.TABLE, GUARD_TABLE), text(NFTA_SET_ELEM_LIST.SET, set)];
  const verb = `nft list set ${GUARD_TABLE} ${set}`;
  return ask(fd, verb, dump(Msg.getSetElem, attributes, family), Msg.newSetElem).flatMap((answer) =>
    [...attributesIn(attributeOf(answer, NFTA_SET_ELEM_LIST.ELEMENTS))].flatMap(
      ({ value }) => attributeOf(attributeOf(value, NFTA_SET_ELEM.KEY), NFTA_DATA.VALUE) ?? [],
    ),
  );
}
