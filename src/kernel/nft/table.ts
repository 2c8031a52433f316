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

/** `enum nf_inet_hooks`. */
export const HOOK = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
/** Of tables of the family netdev. */
export const INGRESS = 0;

/** nft's own numbers for types of keys; the kernel only hands them back to `nft list`. */
export const KEY = { integer: 4, ip: 7, ip6: 8, port: 13, ifname: 41 } as const;

/** Flags of sets. */
export const SET = { interval: 0x4, map: 0x8, timeout: 0x10, writtenByRules: 0x20 } as const;

const NFTNL_UDATA_RULE_COMMENT = 0;
/** The first key that an interval has no more. */
const INTERVAL_END = 0x1;
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
  readonly name: Buffer;

  constructor(name: string) {
    this.name = text(1, name);
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
    if (hook === undefined) return create(Msg.newChain, [this.name, text(3, name)]);
    const { number, priority, device, type = 'filter' } = hook;
    const where = [u32(1, number), u32(2, priority), ...(device === undefined ? [] : [text(3, device)])];
    return create(Msg.newChain, [this.name, text(3, name), nested(4, ...where), text(7, type)]);
  }

  /** At the chain's end. `comment`: told by `nft list`, 127 bytes at most. */
  rule(chain: string, expressions: readonly Buffer[], comment?: string): Change {
    const attributes = [this.name, text(2, chain), nested(4, ...expressions)];
    return {
      type: Msg.newRule,
      flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND,
      attributes: comment === undefined ? attributes : [...attributes, userdata(comment)],
    };
  }

  set({ name, id, type, length, flags = 0, data, size, userdata }: SetSpec): Change {
    return create(Msg.newSet, [
      ...[this.name, text(2, name), u32(3, flags), u32(4, type), u32(5, length)],
      ...(data === undefined ? [] : [u32(6, data.type), u32(7, data.length)]),
      ...(size === undefined ? [] : [nested(9, u32(1, size))]),
      u32(10, id),
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
      ...(end === undefined ? [] : [elementOf(end, u32(3, INTERVAL_END))]),
    ]);
    return this.elements(set, ends).map((attributes) => create(Msg.newSetElem, attributes));
  }

  deleteElements(set: string, keys: readonly Buffer[]): readonly Change[] {
    const all = keys.map((key) => elementOf(key));
    return this.elements(set, all).map((attributes) => ({ type: Msg.delSetElem, flags: NLM_F_ACK, attributes }));
  }

  flush(set: string): Change {
    return { type: Msg.delSetElem, flags: NLM_F_ACK, attributes: [this.name, text(2, set)] };
  }

  private add(): Change {
    return create(Msg.newTable, [this.name]);
  }

  /** The attributes of as many messages as they need. */
  private elements(set: string, all: readonly Buffer[]): readonly (readonly Buffer[])[] {
    return chunks(all).map((some) => [this.name, text(2, set), nested(3, ...some)]);
  }
}

const elementOf = (key: Buffer, ...more: readonly Buffer[]): Buffer => element(nested(1, attr(1, key)), ...more);

const create = (type: number, attributes: readonly Buffer[]): Change => ({
  type,
  flags: NLM_F_ACK | NLM_F_CREATE,
  attributes,
});

/** A rule's comment, the way that nft writes it. */
const userdata = (comment: string): Buffer =>
  attr(7, Buffer.concat([Buffer.from([NFTNL_UDATA_RULE_COMMENT, comment.length + 1]), Buffer.from(`${comment}\0`)]));

function chunks(keys: readonly Buffer[]): readonly (readonly Buffer[])[] {
  const all: (readonly Buffer[])[] = [];
  for (let i = 0; i < keys.length; i += CHUNK) all.push(keys.slice(i, i + CHUNK));
  return all;
}
