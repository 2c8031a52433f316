/** What containers of this host are answered, asked from inside of their namespaces as their programs do. */
import { setImmediate as breathe } from 'node:timers/promises';
import { isRedirected } from '../../kernel/rules/dns-redirect.js';
import { namespaceInode } from '../../kernel/system/namespace-file.js';
import { askAsContainer, askEngineAlone } from './asking.js';
import type { Type } from './heard.js';

/** Any name server may answer that there is none, and should without asking others (RFC 6761 section 6.4). */
const FOREIGN_NAME = 'tsoverlay-doctor.invalid';
/** As many as there is time for; of more, some by chance. */
export const MOST_ASKED = 16;
/** Our own answer takes a millisecond; a host has other things to do, too. */
const KNOWN_MS = 1_500;
const FOREIGN_MS = 2_500;

/** A container of this host on a network of ours. */
export interface ContainerLook {
  readonly name: string;
  /** Path of its network namespace. */
  readonly sandbox: string;
  /** A name that there is on its network, and of what type; undefined where none is one of DNS. */
  readonly known: { readonly name: string; readonly type: Exclude<Type, 'PTR'> } | undefined;
}

export interface NamesLook {
  readonly container: string;
  /** Its questions come to us. */
  readonly isRedirected: boolean;
  /** Undefined where nothing was asked. */
  readonly known: { readonly name: string; readonly outcome: string; readonly isFound: boolean } | undefined;
  /** `us`: a name of the world by way of us; `engine`: without us, asked where we have no answer. */
  readonly foreign: { readonly us: boolean; readonly engine: boolean };
}

/** `isEngineUp`: else names of the world are not asked for. What goes meanwhile is left out. Never rejects. */
export async function lookAtNames(all: readonly ContainerLook[], isEngineUp: boolean): Promise<readonly NamesLook[]> {
  const some = all.length <= MOST_ASKED ? all : [...all].sort(() => Math.random() - 0.5).slice(0, MOST_ASKED);
  const looks: Promise<NamesLook | undefined>[] = [];
  for (const container of some) {
    looks.push(lookAt(container, isEngineUp).catch(() => undefined));
    // A namespace is entered a few times for each.
    await breathe();
  }
  return (await Promise.all(looks)).filter((look) => look !== undefined);
}

async function lookAt({ name, sandbox, known }: ContainerLook, isEngineUp: boolean): Promise<NamesLook | undefined> {
  if (namespaceInode(sandbox) === undefined) return undefined;
  const redirected = isRedirected(sandbox);
  const [told, foreign] = await Promise.all([
    known === undefined ? undefined : askAsContainer(sandbox, known.name, known.type, KNOWN_MS),
    isEngineUp ? askForeign(sandbox) : NOT_ASKED,
  ]);
  // Gone in the meantime, and with it whoever could answer.
  if (namespaceInode(sandbox) === undefined) return undefined;
  return {
    container: name,
    isRedirected: redirected,
    known: known && told && { name: known.name, outcome: told.outcome, isFound: told.answers.length > 0 },
    foreign,
  };
}

const NOT_ASKED: NamesLook['foreign'] = { us: true, engine: true };

async function askForeign(sandbox: string): Promise<NamesLook['foreign']> {
  const [us, engine] = await Promise.all([
    askAsContainer(sandbox, FOREIGN_NAME, 'A', FOREIGN_MS),
    askEngineAlone(sandbox, FOREIGN_NAME, 'A', FOREIGN_MS),
  ]);
  return { us: us.isAnswer, engine: engine.isAnswer };
}
