/** What a server reads at its start: its memory is what the managed plugin has to fit into. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

/** `import … from`, `export … from` and `import '…'`, but neither of types alone, which do not outlive the build, nor `import()`. */
const IMPORTED = /^(?:import|export)\b(?! type\b)[^'"(]*?(?:from )?'(\..*?)\.js'/gms;

function reachable(from: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(from)) return seen;
  seen.add(from);
  for (const [, path = ''] of readFileSync(`${from}.ts`, 'utf8').matchAll(IMPORTED))
    reachable(join(dirname(from), path), seen);
  return seen;
}

it('reads the short way, its programs and the call for them where there is one', () => {
  const read = [...reachable('src/daemon')];
  expect(read).toContain('src/kernel/bpf/short-ways');
  const lazy =
    /^src\/kernel\/(bpf\/(wire|lane|program|programs|syscall|mac-table)|host-parts\/(short-ground|foreign-rules))$/;
  expect(read.filter((file) => lazy.test(file))).toEqual([]);
});
