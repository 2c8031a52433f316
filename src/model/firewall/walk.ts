/**
 * A packet's way through the chains of a hook. Where a rule's condition depends on what is not known, both are thought of:
 * who may have let the packet in before makes a drop uncertain, and who may drop it drops nothing. Pure.
 */
import { type Bytes, bytesOf, type Datagram } from './packet.js';
import { compares, isWithin, masked, not, type Truth } from './registers.js';
import type { Chain, Expression, Rule, Ruleset, Verdict } from './ruleset.js';

const DEEPEST = 16;
/** Beyond, a ruleset is a load balancer's: what it does to us is for probes to find out. */
const MOST_RULES = 5_000;

/** What drops the packet. */
export interface Drop {
  readonly chain: Chain;
  /** Undefined: the chain's policy. */
  readonly handle: number | undefined;
  /** A rule before it may let the packet in. */
  readonly isSure: boolean;
}

interface Walk {
  readonly packet: Datagram;
  readonly ruleset: Ruleset;
  left: number;
  /** A rule may have let it in. */
  mayBeIn: boolean;
}

/** `chains`: those of one hook, in the order of their priorities. Undefined where nothing drops it for certain. */
export function dropOf(packet: Datagram, chains: readonly Chain[], ruleset: Ruleset): Drop | undefined {
  let left = MOST_RULES;
  for (const chain of chains) {
    const walk: Walk = { packet, ruleset, left, mayBeIn: false };
    const end = through(walk, chain, DEEPEST, false);
    left = walk.left;
    if (left <= 0 || end === 'lost') return undefined;
    if (end === 'accept' || end === 'translated') continue;
    if (typeof end === 'object') return { ...end, isSure: !walk.mayBeIn };
    if (chain.base?.drops === true) return { chain, handle: undefined, isSure: !walk.mayBeIn };
  }
  return undefined;
}

/** Whether one of the chains, of type nat and on one hook, makes the packet's source another one; undefined: maybe. */
export function isTranslated(packet: Datagram, chains: readonly Chain[], ruleset: Ruleset): Truth {
  let left = MOST_RULES;
  let mayBe = false;
  for (const chain of chains) {
    const walk: Walk = { packet, ruleset, left, mayBeIn: false };
    const end = through(walk, chain, DEEPEST, false);
    left = walk.left;
    if (end === 'translated') return true;
    // What one chain lets pass as it is, the next one may translate.
    mayBe ||= walk.mayBeIn || left <= 0 || (end !== 'accept' && end !== 'through');
  }
  return mayBe ? undefined : false;
}

/** `through`: the next rule of whoever jumped here; `lost`: it cannot be told. */
type End = 'accept' | 'translated' | 'through' | 'lost' | Omit<Drop, 'isSure'>;

/** `isDoubted`: it is not sure that the packet comes here at all. */
function through(walk: Walk, chain: Chain, depth: number, isDoubted: boolean): End {
  const rules = depth === 0 ? undefined : walk.ruleset.rules(chain);
  if (rules === undefined) return isDoubted ? 'through' : 'lost';
  let doubted = isDoubted;
  for (const rule of rules) {
    if (walk.left-- <= 0) return 'lost';
    const found = verdictOf(walk, chain, rule);
    if (found === undefined) continue;
    const isMaybe = doubted || found.holds === undefined;
    const next = follow(walk, chain, depth, { ...found, handle: rule.handle, isMaybe });
    if (next === 'doubt') doubted = true;
    else if (next !== 'next') return next;
  }
  return 'through';
}

interface Followed {
  readonly verdict: Verdict;
  readonly handle: number;
  readonly isMaybe: boolean;
}

/** `next`: on with the rule behind; `doubt`: that one may not be reached. */
function follow(
  walk: Walk,
  chain: Chain,
  depth: number,
  { verdict, handle, isMaybe }: Followed,
): End | 'doubt' | 'next' {
  switch (verdict.kind) {
    case 'return':
      return isMaybe ? 'doubt' : 'through';
    case 'accept':
      if (!isMaybe) return 'accept';
      walk.mayBeIn = true;
      return 'next';
    case 'translate':
      if (!isMaybe) return 'translated';
      walk.mayBeIn = true;
      return 'next';
    case 'drop':
      return isMaybe ? 'next' : { chain, handle };
    case 'jump':
    case 'goto': {
      const { family, table } = chain;
      const end = through(walk, { family, table, name: verdict.chain }, depth - 1, isMaybe);
      if (end === 'lost' || (!isMaybe && end !== 'through')) return end;
      if (verdict.kind === 'jump') return 'next';
      return isMaybe ? 'doubt' : 'through';
    }
  }
}

/** Undefined for a rule that does not hold, or says nothing of what becomes of the packet. */
function verdictOf(walk: Walk, chain: Chain, { expressions }: Rule): { verdict: Verdict; holds: Truth } | undefined {
  const registers: (number | undefined)[] = Array(64).fill(undefined);
  let holds: Truth = true;
  for (const expression of expressions) {
    if (expression.kind === 'verdict') return { verdict: expression.verdict, holds };
    if (expression.kind === 'lookup' && expression.isMap) {
      const verdict = mapped(walk, chain, expression, registers);
      if (verdict === 'unknown') holds = undefined;
      else if (verdict !== undefined) return { verdict, holds };
      else return undefined;
      continue;
    }
    const truth = truthOf(walk, chain, expression, registers);
    if (truth === false) return undefined;
    if (truth === undefined) holds = undefined;
  }
  return undefined;
}

function truthOf(walk: Walk, chain: Chain, expression: Expression, registers: (number | undefined)[]): Truth {
  const put = (at: number, bytes: Bytes): true => {
    registers.splice(at, bytes.length, ...bytes);
    return true;
  };
  switch (expression.kind) {
    case 'load':
      return put(expression.to, bytesOf(walk.packet, expression.from, expression.length));
    case 'forget':
      return put(expression.to, Array(16).fill(undefined));
    case 'mask':
      return put(expression.to, masked(registers.slice(expression.from), expression.mask, expression.xor));
    case 'compare':
      return compares(registers.slice(expression.at), expression.operator, expression.value);
    case 'range': {
      const within = isWithin(registers.slice(expression.at), expression.first, expression.last);
      return expression.isOut ? not(within) : within;
    }
    case 'lookup': {
      const key = registers.slice(expression.at);
      const elements = walk.ruleset.elements(chain, expression.set);
      if (elements === undefined) return undefined;
      const truths = elements.map(({ first, last }) => isWithin(key, first, last));
      const is = truths.includes(true) ? true : truths.includes(undefined) ? undefined : false;
      return expression.isOut ? not(is) : is;
    }
    case 'port': {
      const { port } = walk.packet;
      return (port >= expression.first && port <= expression.last) !== expression.isOut;
    }
    case 'known':
      return expression.holds;
    default:
      return undefined;
  }
}

/** What a map has for the key; undefined where it has nothing. */
function mapped(
  { ruleset }: Walk,
  chain: Chain,
  { set, at }: Extract<Expression, { kind: 'lookup' }>,
  registers: Bytes,
): Verdict | 'unknown' | undefined {
  const key = registers.slice(at);
  const elements = ruleset.elements(chain, set);
  if (elements === undefined) return 'unknown';
  const truths = elements.map(({ first, last }) => isWithin(key, first, last));
  const found = truths.indexOf(true);
  if (found >= 0) return elements[found]?.verdict ?? 'unknown';
  return truths.includes(undefined) ? 'unknown' : undefined;
}
