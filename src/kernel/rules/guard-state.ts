/** What the guard's table is like in the kernel, read back for comparison and for people. */
import type { GuardDrops } from '../../model/values/types.js';
import { attributeOf, attributesIn, dump, Msg, question, text } from '../nft/message.js';
import { ask } from '../nft/socket.js';
import { GUARD_TABLE, type GuardChain, NODES, VNIS } from './guard-rules.js';

const NFTA_TABLE_FLAGS = 2;
const NFTA_RULE = { chain: 2, expressions: 4, userdata: 7 } as const;
const NFTA_SET_ELEM_LIST_ELEMENTS = 3;

interface FoundRule {
  readonly chain: string;
  readonly name: string;
  /** Undefined for rules that count nothing. */
  readonly dropped: number | undefined;
}

/** A number that changes with every change of this namespace's tables, whosoever. */
export const generation = (fd: number, family: number): string =>
  ask(fd, 'nft list ruleset', question(Msg.getGen, [], family), Msg.newGen)
    .map((answer) => attributeOf(answer, 1)?.toString('hex'))
    .join();

/** All of the table that decides: two are equal when they let the same pass. Undefined when there is none. */
export function identity(fd: number, family: number): string | undefined {
  const verb = `nft list table ${GUARD_TABLE}`;
  const [table] = ask(fd, verb, question(Msg.getTable, [text(1, GUARD_TABLE)], family), Msg.newTable);
  if (table === undefined) return undefined;
  const flags = attributeOf(table, NFTA_TABLE_FLAGS)?.readUInt32BE() ?? 0;
  return describe(flags, readRules(fd, family), elements(fd, family, NODES), elements(fd, family, VNIS));
}

/** What {@link identity} is of a table that was just made. */
export const wanted = (chains: readonly GuardChain[], nodes: readonly Buffer[], vnis: readonly Buffer[]): string =>
  describe(
    0,
    chains.flatMap((chain) => chain.rules.map(({ name }) => ({ chain: chain.name, name }))),
    nodes,
    vnis,
  );

/** Datagrams dropped so far by chain, in the table's order; undefined when there is no guard. */
export function readDrops(fd: number, family: number): GuardDrops | undefined {
  const drops = new Map<string, number>();
  for (const { chain, dropped } of readRules(fd, family)) drops.set(chain, (drops.get(chain) ?? 0) + (dropped ?? 0));
  return drops.size === 0 ? undefined : drops;
}

function describe(
  flags: number,
  rules: readonly Pick<FoundRule, 'chain' | 'name'>[],
  ...sets: readonly (readonly Buffer[])[]
): string {
  const members = sets.map((set) => [...new Set(set.map((value) => value.toString('hex')))].sort());
  return JSON.stringify([flags, rules.map(({ chain, name }) => [chain, name]), ...members]);
}

function readRules(fd: number, family: number): readonly FoundRule[] {
  const verb = `nft list table ${GUARD_TABLE}`;
  const rules = ask(fd, verb, dump(Msg.getRule, [text(1, GUARD_TABLE)], family), Msg.newRule);
  // A kernel that does not know the filter tells of all tables.
  return rules.filter((rule) => word(attributeOf(rule, 1)) === GUARD_TABLE).map(readRule);
}

const readRule = (rule: Buffer): FoundRule => ({
  chain: word(attributeOf(rule, NFTA_RULE.chain)),
  name: word(attributeOf(rule, NFTA_RULE.userdata)?.subarray(2)),
  dropped: readCounter(attributeOf(rule, NFTA_RULE.expressions)),
});

function readCounter(expressions: Buffer | undefined): number | undefined {
  for (const { value } of attributesIn(expressions))
    if (word(attributeOf(value, 1)) === 'counter')
      return Number(attributeOf(attributeOf(value, 2), 2)?.readBigUInt64BE() ?? 0n);
  return undefined;
}

function elements(fd: number, family: number, set: string): readonly Buffer[] {
  const verb = `nft list set ${GUARD_TABLE} ${set}`;
  const attributes = [text(1, GUARD_TABLE), text(2, set)];
  return ask(fd, verb, dump(Msg.getSetElem, attributes, family), Msg.newSetElem).flatMap((answer) =>
    [...attributesIn(attributeOf(answer, NFTA_SET_ELEM_LIST_ELEMENTS))].flatMap(
      ({ value }) => attributeOf(attributeOf(value, 1), 1) ?? [],
    ),
  );
}

/** A C string without its NUL. */
const word = (bytes: Buffer | undefined): string => bytes?.toString('utf8').replace(/\0.*$/s, '') ?? '';
