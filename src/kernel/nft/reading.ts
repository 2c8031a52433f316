/** Reads what nf_tables tells of rules, and compares it with what we would have made. Pure. */
import { readText } from '../netlink/attributes.js';
import { attributeOf, attributesIn } from './message.js';
import { INGRESS } from './table.js';
import {
  NFT_TABLE_F_DORMANT,
  NFTA_CHAIN,
  NFTA_DATA,
  NFTA_EXPR,
  NFTA_HOOK,
  NFTA_LIST_ELEM,
  NFTA_TABLE,
} from './uapi.js';

const NFTA_CMP = { op: 2, data: 3 } as const;
const NFTA_PAYLOAD = { base: 2, offset: 3, length: 4 } as const;
const NFT_CMP_EQ = 0;
const COUNTER = Buffer.from('counter\0');
const PAYLOAD = Buffer.from('payload\0');
const CMP = Buffer.from('cmp\0');

/** The expressions of a rule, from its attribute that lists them. */
export const expressionsIn = (list: Buffer | undefined): readonly Buffer[] =>
  [...attributesIn(list)].flatMap(({ type, value }) => (type === NFTA_LIST_ELEM ? [value] : []));

/** Whether the kernel has an expression as we would make it. What a counter has counted meanwhile is no difference. */
export const isAsMade = (found: Buffer, made: Buffer): boolean =>
  attributeOf(made, NFTA_EXPR.NAME)?.equals(COUNTER)
    ? attributeOf(found, NFTA_EXPR.NAME)?.equals(COUNTER) === true
    : hasAll(found, made);

/** The expressions of a rule. Ours are list elements, header and all. */
export const areAsMade = (found: readonly Buffer[], made: readonly Buffer[]): boolean =>
  found.length === made.length &&
  made.every((expression, i) => isAsMade(found[i] ?? Buffer.alloc(0), expression.subarray(4)));

/** A newer kernel may tell more of an expression than we said. */
function hasAll(found: Buffer, made: Buffer): boolean {
  for (const { type, nested, value } of attributesIn(made)) {
    const told = attributeOf(found, type);
    if (told === undefined || !(nested ? hasAll(told, value) : told.equals(value))) return false;
  }
  return true;
}

/** A header field that a rule wants to have a value: the header, as nft numbers them, and bytes from its start. */
export interface Match {
  readonly base: number;
  readonly offset: number;
  readonly value: Buffer;
}

/** What a rule compares, as far as that is `<field> <value>`. */
export function matchesIn(expressions: readonly Buffer[]): readonly Match[] {
  return expressions.flatMap((expression, i) => {
    const data = dataOf(expression, PAYLOAD);
    const value = data && equal(expressions[i + 1]);
    if (data === undefined || value === undefined || value.length !== numberIn(data, NFTA_PAYLOAD.length)) return [];
    return [{ base: numberIn(data, NFTA_PAYLOAD.base), offset: numberIn(data, NFTA_PAYLOAD.offset), value }];
  });
}

function equal(expression: Buffer | undefined): Buffer | undefined {
  const data = dataOf(expression, CMP);
  if (data === undefined || numberIn(data, NFTA_CMP.op) !== NFT_CMP_EQ) return undefined;
  return attributeOf(attributeOf(data, NFTA_CMP.data), NFTA_DATA.VALUE);
}

const dataOf = (expression: Buffer | undefined, name: Buffer): Buffer | undefined =>
  attributeOf(expression, NFTA_EXPR.NAME)?.equals(name) ? attributeOf(expression, NFTA_EXPR.DATA) : undefined;

/** -1 where there is no number. */
const numberIn = (bytes: Buffer, type: number): number => {
  const value = attributeOf(bytes, type);
  return value?.length === 4 ? value.readUInt32BE() : -1;
};

/** Somebody has put the table out of action. */
export const isAsleep = (table: Buffer): boolean =>
  ((attributeOf(table, NFTA_TABLE.FLAGS)?.readUInt32BE() ?? 0) & NFT_TABLE_F_DORMANT) !== 0;

/** A chain that is hooked to what comes out of one device. */
export interface Ingress {
  readonly name: string;
  readonly device: string;
  readonly priority: number;
}

/** Whether a chain is the one of this name, and hooked as it says. */
export function isHookedAs(chain: Buffer, { name, device, priority }: Ingress): boolean {
  const hook = attributeOf(chain, NFTA_CHAIN.HOOK);
  if (readText(attributeOf(chain, NFTA_CHAIN.NAME)) !== name || hook === undefined) return false;
  const is = (type: number, value: number): boolean => attributeOf(hook, type)?.readInt32BE() === value;
  return (
    is(NFTA_HOOK.HOOKNUM, INGRESS) &&
    is(NFTA_HOOK.PRIORITY, priority) &&
    readText(attributeOf(hook, NFTA_HOOK.DEV)) === device
  );
}
