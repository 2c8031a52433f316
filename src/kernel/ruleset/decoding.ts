/** Reads expressions of rules and elements of sets as the kernel tells them, whoever made them. Pure. */
import type { Element, Expression, Operator, Source, Verdict } from '../../model/firewall/ruleset.js';
import { readText } from '../netlink/attributes.js';
import { attributeOf, attributesIn } from '../nft/message.js';
import { expressionsIn } from '../nft/reading.js';
import {
  NF,
  NFT,
  NFT_REG_VERDICT,
  NFT_SET_ELEM_INTERVAL_END,
  NFTA_DATA,
  NFTA_EXPR,
  NFTA_SET_ELEM,
  NFTA_VERDICT,
} from '../nft/uapi.js';
import { extensionOf, targetOf } from './extension.js';

const NFT_NAT_SNAT = 0;
/** The first of the registers of four bytes; those of sixteen are 1 to 4. */
const REG32_00 = 8;
const OPERATORS: readonly Operator[] = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte'];
const SOURCES: Readonly<Record<number, 'network' | 'transport'>> = { 1: 'network', 2: 'transport' };
/** Say nothing of what becomes of a packet. */
const NEUTRAL: ReadonlySet<string> = new Set([
  'counter',
  'log',
  'notrack',
  'objref',
  'last',
  'dup',
  'ct_helper',
  'tproxy',
]);
/** Of a register, where it depends on what is loaded. */
const LONGEST = 16;

/** Of a rule, from its attribute that lists them. */
export const decodeRule = (list: Buffer | undefined): readonly Expression[] => expressionsIn(list).flatMap(decode);

function decode(expression: Buffer): readonly Expression[] {
  const name = readText(attributeOf(expression, NFTA_EXPR.NAME));
  const data = attributeOf(expression, NFTA_EXPR.DATA);
  const number = (type: number): number => numberIn(data, type);
  const value = (type: number): Buffer => attributeOf(attributeOf(data, type), NFTA_DATA.VALUE) ?? Buffer.alloc(0);
  switch (name) {
    case 'payload':
      return attributeOf(data, 5) === undefined ? load(number(1), sourceOf(number(2), number(3)), number(4)) : [];
    case 'meta':
      return attributeOf(data, 1) === undefined ? [] : load(number(1), { kind: 'meta', key: number(2) }, LONGEST);
    case 'ct':
      return attributeOf(data, 1) === undefined ? [] : load(number(1), { kind: 'ct', key: number(2) }, LONGEST);
    case 'cmp': {
      const operator = OPERATORS[number(2)];
      return [
        operator === undefined ? UNKNOWN : { kind: 'compare', at: placeOf(number(1)), operator, value: value(3) },
      ];
    }
    case 'range':
      return [{ kind: 'range', at: placeOf(number(1)), isOut: number(2) === 1, first: value(3), last: value(4) }];
    case 'bitwise':
      return [maskOf(number(1), number(2), value(4), value(5), numberOr0(data, 6))];
    case 'lookup':
      return lookup(data, number);
    case 'immediate':
      return number(1) === NFT_REG_VERDICT ? verdictIn(attributeOf(data, 2)) : [forget(number(1))];
    case 'masq':
      return [TRANSLATE];
    case 'nat':
      return number(1) === NFT_NAT_SNAT ? [TRANSLATE] : [];
    case 'reject':
      return [DROP];
    case 'match':
      return [extensionOf(readText(attributeOf(data, 1)), numberOr0(data, 2), attributeOf(data, 3) ?? Buffer.alloc(0))];
    case 'target':
      return targetOf(readText(attributeOf(data, 1)));
    case 'queue':
      return [{ kind: 'verdict', verdict: { kind: 'accept' } }];
    default:
      return other(name, data);
  }
}

/** What loads something else has its register in the first attribute or the second, and whatever that was is not known any more. */
const other = (name: string, data: Buffer | undefined): readonly Expression[] =>
  NEUTRAL.has(name)
    ? []
    : [
        UNKNOWN,
        ...[1, 2]
          .map((type) => numberIn(data, type))
          .filter((n) => n > 0 && n < 24)
          .map(forget),
      ];

const UNKNOWN: Expression = { kind: 'unknown' };
const TRANSLATE: Expression = { kind: 'verdict', verdict: { kind: 'translate' } };
const DROP: Expression = { kind: 'verdict', verdict: { kind: 'drop' } };
const forget = (register: number): Expression => ({ kind: 'forget', to: placeOf(register) });

const load = (register: number, from: Source | undefined, length: number): readonly Expression[] => [
  from === undefined ? forget(register) : { kind: 'load', to: placeOf(register), from, length },
];

const sourceOf = (base: number, offset: number): Source | undefined => {
  const kind = SOURCES[base];
  return kind === undefined ? undefined : { kind, offset };
};

/** NFT_BITWISE_BOOL alone is a mask. */
const maskOf = (from: number, to: number, mask: Buffer, xor: Buffer, operation: number): Expression =>
  operation === 0 ? { kind: 'mask', from: placeOf(from), to: placeOf(to), mask, xor } : forget(to);

function lookup(data: Buffer | undefined, number: (type: number) => number): readonly Expression[] {
  const to = attributeOf(data, 3) === undefined ? undefined : number(3);
  const isMap = to === NFT_REG_VERDICT;
  const looked: Expression = {
    ...{ kind: 'lookup', at: placeOf(number(2)), set: readText(attributeOf(data, 1)) },
    ...{ isOut: (numberOr0(data, 5) & 1) === 1, isMap },
  };
  return to === undefined || isMap ? [looked] : [looked, forget(to)];
}

const placeOf = (register: number): number => (register >= REG32_00 ? (register - REG32_00) * 4 : (register - 1) * 16);

/** Of an attribute that holds a verdict (`nft_data_attributes`). */
function verdictIn(data: Buffer | undefined): readonly Expression[] {
  const verdict = verdictOf(attributeOf(data, NFTA_DATA.VERDICT));
  return verdict === undefined ? [] : [{ kind: 'verdict', verdict }];
}

function verdictOf(attributes: Buffer | undefined): Verdict | undefined {
  const code = numberIn(attributes, NFTA_VERDICT.CODE);
  const chain = readText(attributeOf(attributes, NFTA_VERDICT.CHAIN));
  if (code === NF.DROP) return { kind: 'drop' };
  if (code === NF.ACCEPT || code === NF.QUEUE) return { kind: 'accept' };
  if (code === NFT.RETURN) return { kind: 'return' };
  if (code === NFT.JUMP) return { kind: 'jump', chain };
  return code === NFT.GOTO ? { kind: 'goto', chain } : undefined;
}

interface Told {
  readonly key: Buffer;
  readonly end: Buffer | undefined;
  readonly isEnd: boolean;
  readonly verdict: Verdict | undefined;
}

/** Of one set, from the lists of its elements. `isInterval`: each begins what the next one ends. */
export function decodeElements(lists: readonly Buffer[], isInterval: boolean): readonly Element[] {
  const told = lists.flatMap((list) => [...attributesIn(list)].map(({ value }) => toldOf(value)));
  if (!isInterval || told.some(({ end }) => end !== undefined))
    return told.map(({ key, end, verdict }) => elementOf(key, end ?? key, verdict));
  const sorted = [...told].sort((a, b) => Buffer.compare(a.key, b.key) || Number(b.isEnd) - Number(a.isEnd));
  return sorted.flatMap(({ key, isEnd, verdict }, i) => {
    if (isEnd) return [];
    const next = sorted[i + 1];
    return [elementOf(key, next === undefined ? Buffer.alloc(key.length, 0xff) : before(next.key), verdict)];
  });
}

const elementOf = (first: Buffer, last: Buffer, verdict: Verdict | undefined): Element => ({
  ...{ first, last },
  ...(verdict === undefined ? {} : { verdict }),
});

const toldOf = (element: Buffer): Told => ({
  key: attributeOf(attributeOf(element, NFTA_SET_ELEM.KEY), NFTA_DATA.VALUE) ?? Buffer.alloc(0),
  end: attributeOf(attributeOf(element, NFTA_SET_ELEM.KEY_END), NFTA_DATA.VALUE),
  isEnd: (numberOr0(element, NFTA_SET_ELEM.FLAGS) & NFT_SET_ELEM_INTERVAL_END) !== 0,
  verdict: verdictOf(attributeOf(attributeOf(element, NFTA_SET_ELEM.DATA), NFTA_DATA.VERDICT)),
});

/** The number before it, of bytes in network order. */
function before(key: Buffer): Buffer {
  const bytes = Buffer.from(key);
  for (let i = bytes.length - 1; i >= 0; i--) {
    const byte = bytes[i] ?? 0;
    bytes[i] = (byte + 255) & 255;
    if (byte !== 0) break;
  }
  return bytes;
}

/** Signed; NaN where there is none. */
const numberIn = (bytes: Buffer | undefined, type: number): number => {
  const value = attributeOf(bytes, type);
  return value?.length === 4 ? value.readInt32BE() : Number.NaN;
};

const numberOr0 = (bytes: Buffer | undefined, type: number): number => numberIn(bytes, type) || 0;
