/** Rules that are known again by their names, of chains that say what they have dropped. */
import { accept, drop } from './verdict.js';

export type Match = readonly Buffer[];

export interface NamedRule {
  /** Its comment in `nft list`; unique within the chain. */
  readonly name: string;
  readonly drops: boolean;
  /** `dropped`: where its counter begins, for those that drop. */
  readonly expressions: (dropped: number) => readonly Buffer[];
}

/** Matches come first, the change last. */
export const change = (name: string, ...expressions: readonly Match[]): NamedRule => ({
  name,
  drops: false,
  expressions: () => expressions.flat(),
});

export const pass = (name: string, ...matches: readonly Match[]): NamedRule =>
  change(`pass: ${name}`, ...matches, accept());

export const refuse = (name: string, ...matches: readonly Match[]): NamedRule => ({
  name,
  drops: true,
  expressions: (dropped) => [...matches.flat(), ...drop(dropped)],
});
