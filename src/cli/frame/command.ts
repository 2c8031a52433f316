/** What each of the operator's commands says of itself, and what it gets. */
import type * as z from 'zod';
import type { Desk } from './desk.js';

/** 0: as it should be. 1: it was found out, and something is wrong. 2: it could not be found out, or not be done. */
export type Exit = 0 | 1 | 2;

export interface Report<J = unknown> {
  /** For people, one line each; what others wrote is made printable on its way out. */
  readonly lines: readonly string[];
  /** The same for programs (`--json`); the version is added. */
  readonly json: J;
  readonly exit: Exit;
  /** What could not be found out: for people, on standard error. */
  readonly errors?: readonly string[];
}

export interface Option {
  /** As commander writes them: `--wait <seconds>`. */
  readonly flags: string;
  readonly about: string;
}

/** What was typed. */
export interface Given {
  readonly args: readonly string[];
  /** By their long names in camel case; `true` for one without a value. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface Command<J extends z.ZodType = z.ZodType> {
  /** As it is typed, arguments in angle brackets: `node forget <address>`. */
  readonly usage: string;
  readonly about: string;
  /** One line to copy. */
  readonly example: string;
  readonly options?: readonly Option[];
  /** What stands behind it may be the name of a container of this host. */
  readonly takesContainers?: true;
  /** The shape of what `--json` prints. */
  readonly json: J;
  /** How long it may take, s; 5 where it does not say. */
  seconds?(given: Given): number;
  /** What it rejects with ends with status 2. */
  run(desk: Desk, given: Given): Promise<Report<z.input<J>>>;
}

/** Lets the compiler hold a report to the shape that its command promises. */
export const command = <J extends z.ZodType>(made: Command<J>): Command<J> => made;
