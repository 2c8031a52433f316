/** The rules of the host that see packets to it and from it, whoever made them, as they stand now. Read as they are asked for. */
import {
  type Chain,
  type Element,
  HOOKS,
  type HookName,
  type Rule,
  type Ruleset,
} from '../../model/firewall/ruleset.js';
import { askSome, closeNetfilter, openOwnNetfilter } from '../netfilter/socket.js';
import { readText } from '../netlink/attributes.js';
import { attributeOf, dump, Msg, NFPROTO, question, text } from '../nft/message.js';
import { NF, NFTA_CHAIN, NFTA_HOOK, NFTA_RULE, NFTA_SET, NFTA_SET_ELEM_LIST } from '../nft/uapi.js';
import { decodeElements, decodeRule } from './decoding.js';

const FAMILIES: Readonly<Record<string, number>> = { ip: NFPROTO.ipv4, ip6: NFPROTO.ipv6, inet: 1 };
const INTERVAL = 4;
/** Of answers to one question: more is a list of addresses, or a load balancer's. */
const MOST_DATAGRAMS = 40;
/** Tables of ours are looked at elsewhere, and know who may. */
const OURS = /^tsoverlay/;

export class HostRuleset implements Ruleset {
  private readonly known = new Map<string, readonly Rule[] | undefined>();
  private readonly sets = new Map<string, readonly Element[] | undefined>();

  /** Base chains of a type on a hook, in their order. `family`: of IP. Throws a KernelError. */
  chains(hook: HookName, family: 4 | 6, type: 'filter' | 'nat' = 'filter'): readonly Chain[] {
    return ['inet', family === 4 ? 'ip' : 'ip6']
      .flatMap((name) => this.ask(name, Msg.getChain, Msg.newChain, []) ?? [])
      .flatMap(({ family: name, answer }) => chainOf(name, answer, type))
      .filter(({ base, table }) => base?.hook === hook && !OURS.test(table))
      .sort((a, b) => (a.base?.priority ?? 0) - (b.base?.priority ?? 0));
  }

  rules(chain: Chain): readonly Rule[] | undefined {
    return remembered(this.known, keyOf(chain, chain.name), () => this.readRules(chain));
  }

  elements(chain: Chain, set: string): readonly Element[] | undefined {
    return remembered(this.sets, keyOf(chain, set), () => this.readElements(chain, set));
  }

  private readRules({ family, table, name }: Chain): readonly Rule[] | undefined {
    const told = this.ask(family, Msg.getRule, Msg.newRule, [
      text(NFTA_RULE.TABLE, table),
      text(NFTA_RULE.CHAIN, name),
    ]);
    // A kernel that does not know the filter tells of all chains.
    return told
      ?.filter(({ answer }) => textIn(answer, NFTA_RULE.TABLE) === table && textIn(answer, NFTA_RULE.CHAIN) === name)
      .map(({ answer }) => ({
        handle: Number(attributeOf(answer, NFTA_RULE.HANDLE)?.readBigUInt64BE() ?? 0n),
        expressions: decodeRule(attributeOf(answer, NFTA_RULE.EXPRESSIONS)),
      }));
  }

  private readElements({ family, table }: Chain, set: string): readonly Element[] | undefined {
    // A set and the list of its elements have the same two in the same places.
    const where = [text(NFTA_SET.TABLE, table), text(NFTA_SET.NAME, set)];
    const number = FAMILIES[family] ?? 0;
    const [about] = asked('nft list set', question(Msg.getSet, where, number), Msg.newSet) ?? [];
    const told = this.ask(family, Msg.getSetElem, Msg.newSetElem, where);
    const flags = attributeOf(about, NFTA_SET.FLAGS)?.readUInt32BE() ?? 0;
    const lists = told?.flatMap(({ answer }) => attributeOf(answer, NFTA_SET_ELEM_LIST.ELEMENTS) ?? []);
    return lists && decodeElements(lists, (flags & INTERVAL) !== 0);
  }

  private ask(family: string, get: number, told: number, where: readonly Buffer[]) {
    const answers = asked('nft list ruleset', dump(get, where, FAMILIES[family] ?? 0), told);
    return answers?.map((answer) => ({ family, answer }));
  }
}

/** Undefined: too much of it. A socket each, for what is not read to its end is in the way of the next question. */
function asked(verb: string, bytes: Buffer, type: number): readonly Buffer[] | undefined {
  const fd = openOwnNetfilter();
  try {
    return askSome(fd, verb, bytes, type, MOST_DATAGRAMS);
  } finally {
    closeNetfilter(fd);
  }
}

function chainOf(family: string, answer: Buffer, type: string): readonly Chain[] {
  const hook = attributeOf(answer, NFTA_CHAIN.HOOK);
  const number = attributeOf(hook, NFTA_HOOK.HOOKNUM)?.readUInt32BE();
  const name = (Object.keys(HOOKS) as HookName[]).find((one) => HOOKS[one] === number);
  if (name === undefined || textIn(answer, NFTA_CHAIN.TYPE) !== type) return [];
  const drops = attributeOf(answer, NFTA_CHAIN.POLICY)?.readUInt32BE() === NF.DROP;
  const base = { hook: name, priority: attributeOf(hook, NFTA_HOOK.PRIORITY)?.readInt32BE() ?? 0, drops };
  return [{ family, table: textIn(answer, NFTA_CHAIN.TABLE), name: textIn(answer, NFTA_CHAIN.NAME), base }];
}

const textIn = (answer: Buffer, type: number): string => readText(attributeOf(answer, type));
const keyOf = ({ family, table }: Chain, name: string): string => `${family} ${table} ${name}`;

function remembered<V>(memory: Map<string, V>, key: string, make: () => V): V {
  if (!memory.has(key)) memory.set(key, make());
  return memory.get(key) as V;
}
