/** `scripts/tsoverlay.sh report`: where the report goes, with programs in place of those that would enter the plugin. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const SCRIPT = join(import.meta.dirname, '../../../scripts/tsoverlay.sh');
/** As the plugin's program does: what could be written is written, and said. */
const PROGRAM = `#!/bin/sh
for word; do case $word in --output=*) file=\${word#--output=} ;; esac; done
printf 'half of ' >"$file"
[ -z "$FAILS" ] || { echo 'tsoverlay: no' >&2; exit 2; }
printf 'a report' >"$file"
echo "$file: 8 bytes; look through it"
`;

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tsoverlay-script-'));
  folder = join(root, 'reports');
  for (const made of [folder, join(root, 'bin'), join(root, 'plugins/one/rootfs')])
    mkdirSync(made, { recursive: true });
  writeFileSync(join(root, 'plugins/one/config.json'), '{"Args": ["/usr/lib/tsoverlay/main.mjs"]}');
  for (const [name, text] of [
    ['chroot', '#!/bin/sh\n'],
    ['unshare', PROGRAM],
  ] as const) {
    writeFileSync(join(root, 'bin', name), text);
    chmodSync(join(root, 'bin', name), 0o755);
  }
});
afterEach(() => rmSync(root, { recursive: true }));

function report(words: readonly string[], fails = '') {
  const env = { ...process.env, PATH: `${join(root, 'bin')}:${process.env.PATH}`, DOCKER_ROOT: root, FAILS: fails };
  const { stdout, stderr, status } = spawnSync('sh', [SCRIPT, 'report', ...words], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { stdout, stderr, status };
}

it('takes the place of an older one, for root alone, and nothing else is left', () => {
  writeFileSync(join(folder, 'my r.tar'), 'yesterday', { mode: 0o644 });
  expect(report(['--output', 'my r.tar'])).toEqual({
    stdout: 'my r.tar: 8 bytes; look through it\n',
    stderr: '',
    status: 0,
  });
  expect(readFileSync(join(folder, 'my r.tar'), 'utf8')).toBe('a report');
  expect(lstatSync(join(folder, 'my r.tar')).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['my r.tar']);
});

it('that fails leaves the older one as it was', () => {
  writeFileSync(join(folder, 'r.tar'), 'yesterday');
  expect(report(['--output=r.tar'], 'yes')).toEqual({ stdout: '', stderr: 'tsoverlay: no\n', status: 2 });
  expect(readFileSync(join(folder, 'r.tar'), 'utf8')).toBe('yesterday');
  expect(readdirSync(folder)).toEqual(['r.tar']);
});

it.each(['', 'yes'])('leaves what is no file where it is, which is root’s /dev/null too (fails: %j)', (fails) => {
  symlinkSync('/dev/null', join(folder, 'null'));
  expect(report(['--output', 'null'], fails).status).toBe(fails === '' ? 0 : 2);
  expect(lstatSync(join(folder, 'null')).isSymbolicLink()).toBe(true);
  expect(readdirSync(folder)).toEqual(['null']);
});

it.each<[string, readonly string[], string]>([
  ['no file is named', ['--output'], "tsoverlay: option '--output <file>' argument missing\n"],
  [
    'a folder is',
    ['--output', '.'],
    'tsoverlay: the report cannot be written to .: it is a folder; say --output FILE\n',
  ],
  [
    'its folder is not there',
    ['--output', 'no/r'],
    'tsoverlay: the report cannot be written to no/r; say --output FILE\n',
  ],
])('says in one sentence that %s', (_, words, stderr) => {
  expect(report(words)).toEqual({ stdout: '', stderr, status: 2 });
  expect(readdirSync(folder)).toEqual([]);
});
