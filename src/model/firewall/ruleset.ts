/** Rules of a firewall as nf_tables has them, as far as they say what becomes of a packet: a little machine with registers. */

/** Numbers as `enum nf_inet_hooks` has them. */
export const HOOKS = { prerouting: 0, input: 1, output: 3, postrouting: 4 } as const;
export type HookName = keyof typeof HOOKS;

export interface Chain {
  /** As nft calls it: `ip`, `ip6`, `inet`. */
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** Of a chain that sees packets by itself. */
  readonly base?: { readonly hook: HookName; readonly priority: number; readonly drops: boolean };
}

export interface Rule {
  readonly handle: number;
  readonly expressions: readonly Expression[];
}

/** Where bytes come from. */
export type Source =
  | { readonly kind: 'network' | 'transport'; readonly offset: number }
  | { readonly kind: 'meta' | 'ct'; readonly key: number };

/** Registers are places in 64 bytes. */
export type Expression =
  | { readonly kind: 'load'; readonly to: number; readonly from: Source; readonly length: number }
  /** A source that is not known, such as a mark. */
  | { readonly kind: 'forget'; readonly to: number }
  | { readonly kind: 'mask'; readonly from: number; readonly to: number; readonly mask: Buffer; readonly xor: Buffer }
  | { readonly kind: 'compare'; readonly at: number; readonly operator: Operator; readonly value: Buffer }
  | {
      readonly kind: 'range';
      readonly at: number;
      readonly first: Buffer;
      readonly last: Buffer;
      readonly isOut: boolean;
    }
  /** `isMap`: the element says what becomes of the packet. */
  | {
      readonly kind: 'lookup';
      readonly at: number;
      readonly set: string;
      readonly isOut: boolean;
      readonly isMap: boolean;
    }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  /** Of the destination, UDP. */
  | { readonly kind: 'port'; readonly first: number; readonly last: number; readonly isOut: boolean }
  /** An extension of iptables' that holds or does not, where that is known. */
  | { readonly kind: 'known'; readonly holds: boolean }
  /** Whether it holds is not known: a rate, a quota, an extension. */
  | { readonly kind: 'unknown' };

export type Operator = 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte';

export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  /** Its source is made another one. */
  | { readonly kind: 'translate' }
  | { readonly kind: 'return' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string };

export interface Element {
  readonly first: Buffer;
  /** The same for a single key. */
  readonly last: Buffer;
  readonly verdict?: Verdict;
}

/** What a walk asks for. Undefined: too much to be read, or gone. */
export interface Ruleset {
  rules(chain: Chain): readonly Rule[] | undefined;
  /** A set's key is as long as its elements say. */
  elements(chain: Chain, set: string): readonly Element[] | undefined;
}
