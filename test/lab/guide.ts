/** What docs/plugin.md prints, for tests to do as it says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const GUIDE = join(import.meta.dirname, '../../docs/plugin.md');

/** The blocks of shell commands below a heading, in order. */
export function blocksOf(heading: string): readonly string[] {
  const [, section] = readFileSync(GUIDE, 'utf8').split(new RegExp(`^#+ ${heading}\n`, 'm'));
  if (section === undefined) throw new Error(`docs/plugin.md has no heading ${heading}`);
  const [text = ''] = section.split(/^#+ /m);
  return [...text.matchAll(/^```sh\n(.*?)^```/gms)].map((m) => m[1] ?? '');
}

/** The rules that the guide gives the token of tsoverlay. */
export function guidePolicy(): string {
  const policy = blocksOf('The token')
    .map((block) => /-rules - <<'END'\n(.*?)^END$/ms.exec(block)?.[1])
    .find((rules) => rules !== undefined);
  if (policy === undefined) throw new Error('docs/plugin.md prints no policy');
  return policy;
}
