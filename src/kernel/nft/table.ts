/**
 * A table and what is put into it, as changes of a batch: `nft -f`. A table of ours is ours alone, and is replaced as a
 * whole, in one step that either happens or does not.
 */
import {
  attr,
  type Change,
  element,
  Msg,
  NLM_F_ACK,
  NLM_F_APPEND,
  NLM_F_CREATE,
  nested,
  text,
  u32,
} from './message.js';
import {
  NFT_SET_ELEM_INTERVAL_END,
  NFTA_CHAIN,
  NFTA_DATA,
  NFTA_HOOK,
  NFTA_RULE,
  NFTA_SET,
  NFTA_SET_DESC_SIZE,
  NFTA_SET_ELEM,
  NFTA_SET_ELEM_LIST,
  NFTA_TABLE,
} from './uapi.js';

/** `enum nf_inet_hooks`. */
export const HOOK = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
/** Of tables of the family netdev. */
export const INGRESS = 0;

/** nft's own numbers for types of keys; the kernel only hands them back to `nft list`. */
export const KEY = { integer: 4, ip: 7, ip6: 8, port: 13, ifname: 41 } as const;

/** Flags of sets. */
export const SET = { interval: 0x4, map: 0x8, timeout: 0x10, writtenByRules: 0x20 } as const;

const NFTNL_UDATA_RULE_COMMENT = 0;
/** Elements per message, for a nested attribute ends at 64 KB. */
const CHUNK = 1000;

/** Where a chain that sees packets by itself is hooked in. */
export interface Hook {
  readonly number: number;
  readonly priority: number;
  /** Family netdev only. */
  readonly device?: string;
  /** Absent: `filter`. */
  readonly type?: 'nat';
}

export interface SetSpec {
  readonly name: string;
  /** By which rules of the same batch find it; unique in the table. */
  readonly id: number;
  /** Of {@link KEY}. */
  readonly type: number;
  /** Of a key, bytes. */
  readonly length: number;
  /** Of {@link SET}. */
  readonly flags?: number;
  /** What a map leads to. */
  readonly data?: { readonly type: number; readonly length: number };
  /** Elements at most. */
  readonly size?: number;
  /** For `nft list` alone. */
  readonly userdata?: Buffer;
}

/** From `first` on and before `end`, or to the last key that there is. */
export interface Interval {
  readonly first: Buffer;
  readonly end?: Buffer;
}

export class Table {
  /** Its attribute, which all that is in it has in the same place. */
  readonly name: Buffer;

  constructor(name: string) {
    this.name = text(NFTA_TABLE.NAME, name);
  }

  /** Empty, whether there was one or not: adding first makes the deletion succeed. */
  afresh(): readonly Change[] {
    return [this.add(), this.delete(), this.add()];
  }

  /** Gone, whether there was one or not. */
  gone(): readonly Change[] {
    return [this.add(), this.delete()];
  }

  /** `delete table`: ENOENT when there is none. */
  delete(): Change {
    return { type: Msg.delTable, flags: NLM_F_ACK, attributes: [this.name] };
  }

  chain(name: string, hook?: Hook): Change {
    const named = [this.name, text(NFTA_CHAIN.NAME, name)];
    if (hook === undefined) return create(Msg.newChain, named);
    const { number, priority, device, type = 'filter' } = hook;
    const where = [
      ...[u32(NFTA_HOOK.HOOKNUM, number), u32(NFTA_HOOK.PRIORITY, priority)],
      ...(device === undefined ? [] : [text(NFTA_HOOK.DEV, device)]),
    ];
    return create(Msg.newChain, [...named, nested(NFTA_CHAIN.HOOK, ...where), text(NFTA_CHAIN.TYPE, type)]);
  }

  /** At the chain's end. `comment`: told by `nft list`, 127 bytes at most. */
  rule(chain: string, expressions: readonly Buffer[], comment?: string): Change {
    const attributes = [this.name, text(NFTA_RULE.CHAIN, chain), nested(NFTA_RULE.EXPRESSIONS, ...expressions)];
    return {
      type: Msg.newRule,
      flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND,
      attributes: comment === undefined ? attributes : [...attributes, userdata(comment)],
    };
  }

  set({ name, id, type, length, flags = 0, data, size, userdata }: SetSpec): Change {
    return create(Msg.newSet, [
      ...[this.name, text(NFTA_SET.NAME, name), u32(NFTA_SET.FLAGS, flags)],
      ...[u32(NFTA_SET.KEY_TYPE, type), u32(NFTA_SET.KEY_LEN, length)],
      ...(data === undefined ? [] : [u32(NFTA_SET.DATA_TYPE, data.type), u32(NFTA_SET.DATA_LEN, data.length)]),
      ...(size === undefined ? [] : [nested(NFTA_SET.DESC, u32(NFTA_SET_DESC_SIZE, size))]),
      u32(NFTA_SET.ID, id),
      ...(userdata === undefined ? [] : [userdata]),
    ]);
  }

  /** `more`: attributes of each element. */
  addElements(set: string, keys: readonly Buffer[], ...more: readonly Buffer[]): readonly Change[] {
    return this.elements(
      set,
      keys.map((key) => elementOf(key, ...more)),
    ).map((attributes) => create(Msg.newSetElem, attributes));
  }

  /** Ascending, and none touches another. */
  addIntervals(set: string, intervals: readonly Interval[]): readonly Change[] {
    const ends = intervals.flatMap(({ first, end }) => [
      elementOf(first),
      ...(end === undefined ? [] : [elementOf(end, u32(NFTA_SET_ELEM.FLAGS, NFT_SET_ELEM_INTERVAL_END))]),
    ]);
    return this.elements(set, ends).map((attributes) => create(Msg.newSetElem, attributes));
  }

  deleteElements(set: string, keys: readonly Buffer[]): readonly Change[] {
    const all = keys.map((key) => elementOf(key));
    return this.elements(set, all).map((attributes) => ({ type: Msg.delSetElem, flags: NLM_F_ACK, attributes }));
  }

  flush(set: string): Change {
    return { type: Msg.delSetElem, flags: NLM_F_ACK, attributes: [this.name, text(NFTA_SET_ELEM_LIST.SET, set)] };
  }

  private add(): Change {
    return create(Msg.newTable, [this.name]);
  }

  /** The attributes of as many messages as they need. */
  private elements(set: string, all: readonly Buffer[]): readonly (readonly Buffer[])[] {
    const { SET: NAME, ELEMENTS } = NFTA_SET_ELEM_LIST;
    return chunks(all).map((some) => [this.name, text(NAME, set), nested(ELEMENTS, ...some)]);
  }
}

const elementOf = (key: Buffer, ...more: readonly Buffer[]): Buffer =>
  element(nested(NFTA_SET_ELEM.KEY, attr(NFTA_DATA.VALUE, key)), ...more);

const create = (type: number, attributes: readonly Buffer[]): Change => ({
  type,
  flags: NLM_F_ACK | NLM_F_CREATE,
  attributes,
});

/** A rule's comment, the way that nft writes it. */
const userdata = (comment: string): Buffer =>
  attr(
    NFTA_RULE.USERDATA,
    Buffer.concat([Buffer.from([NFTNL_UDATA_RULE_COMMENT, comment.length + 1]), Buffer.from(`${comment}\0`)]),
  );

function chunks(keys: readonly Buffer[]): readonly (readonly Buffer[])[] {
  const all: (readonly Buffer[])[] = [];
  for (let i = 0; i < keys.length; i += CHUNK) all.push(keys.slice(i, i + CHUNK));
  return all;
}
