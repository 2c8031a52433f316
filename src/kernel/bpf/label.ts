/** Names of our filters: which program, of which edition, made for what. */
import { editionOf, type ProgramName } from './program.js';

const ours = (program: ProgramName): string => `tsoverlay-${program} `;

/** `mark`: what it was made for. */
export const labelOf = (program: ProgramName, mark: string): string => `${ours(program)}${editionOf(program)} ${mark}`;

/** Of whatever release. */
export const isOurs = (label: string, program: ProgramName): boolean => label.startsWith(ours(program));

/** Empty for another release's; undefined for what is none of ours. */
export function markIn(label: string, program: ProgramName): string | undefined {
  if (!isOurs(label, program)) return undefined;
  const prefix = labelOf(program, '');
  return label.startsWith(prefix) ? label.slice(prefix.length) : '';
}
