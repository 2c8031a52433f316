/** The programs in C that attack and measure from inside of containers: statically linked, for the image has no library. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

const FOLDER = join(import.meta.dirname, 'programs');
/** A program's own files are those that no other has. */
const SHARED = ['message.c', 'places.c'];
const ASK = ['ask.c'];

/** Paths of all files that the programs are made of, in order. */
export const programSources = (): readonly string[] =>
  readdirSync(FOLDER)
    .sort()
    .map((file) => join(FOLDER, file));

/** Compiles `attack` and `ask` into an existing folder, about a second. */
export async function buildPrograms(into: string): Promise<void> {
  const attack = readdirSync(FOLDER).filter((file) => file.endsWith('.c') && !ASK.includes(file));
  const compile = (name: string, files: readonly string[]) =>
    execa('gcc', ['-O2', '-static', '-Wall', '-Wextra', '-Werror', '-o', join(into, name), ...files], { cwd: FOLDER });
  await Promise.all([compile('attack', attack), compile('ask', [...ASK, ...SHARED])]);
}
