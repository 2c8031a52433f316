/** Verbs that change something ask first. */
import { createInterface } from 'node:readline/promises';
import { UserError } from '../../errors.js';
import type { Given, Option } from './command.js';

export const YES: Option = { flags: '--yes', about: 'do it without asking; needed where there is no terminal' };

/** `what`: as a question, without its mark. Throws a UserError unless somebody says yes. */
export async function consent(what: string, { options }: Given): Promise<void> {
  if (options.yes === true) return;
  if (!process.stdin.isTTY) throw new UserError(`${what}? There is no terminal to ask at; say so with --yes`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${what}? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new UserError('nothing was changed');
  } finally {
    terminal.close();
  }
}
