/** Names of our filters: which program, of which edition, made for what. */
import { isOurs, ours } from './hooks.js';
import { editionOf, type ProgramName } from './program.js';

/** `mark`: what it was made for. */
export const labelOf = (program: ProgramName, mark: string): string => `${ours(program)}${editionOf(program)} ${mark}`;

/** Empty for another release's; undefined for what is none of ours. */
export function markIn(label: string, program: ProgramName): string | undefined {
  if (!isOurs(label, program)) return undefined;
  const prefix = labelOf(program, '');
  return label.startsWith(prefix) ? label.slice(prefix.length) : '';
}
