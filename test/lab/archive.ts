/**
 * The Debian archive that apt on this machine already uses, for suites that apt does not know here. apt's own helper
 * does the transfers, so its proxies and credentials apply. The chain of trust is apt's too: signed InRelease →
 * checksum of the index → checksum of the package.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

const APT_HELPER = '/usr/lib/apt/apt-helper';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** A package as a suite's index lists it. */
export interface ArchivePackage {
  readonly name: string;
  /** Debian's version, e.g. `28.5.2+dfsg4-5`. */
  readonly version: string;
  /** Path below the archive's root. */
  readonly filename: string;
  /** Hex. */
  readonly sha256: string;
}

export interface Suite {
  readonly name: string;
  /** Throws when the suite has no such package. */
  find(name: string): ArchivePackage;
}

/** Downloads `path` of the archive to `file`; rejects when its SHA-256 (hex) differs. */
async function download(path: string, file: string, sha256?: string): Promise<void> {
  const checksum = sha256 === undefined ? [] : [`SHA256:${sha256}`];
  await execa(APT_HELPER, ['download-file', `${await root()}${path}`, file, ...checksum]);
}

let knownRoot: Promise<string> | undefined;
/** URI of the archive that carries the machine's own release; ends in `/`. */
function root(): Promise<string> {
  knownRoot ??= (async () => {
    const release = await readFile('/etc/os-release', 'utf8');
    const codename = /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1];
    const { stdout } = await execa('apt-get', ['indextargets', '--format', '$(CODENAME) $(REPO_URI)']);
    const line = stdout.split('\n').find((l) => l.startsWith(`${codename} `));
    if (!line) throw new Error(`apt knows no archive for ${codename}: check /etc/apt/sources.list.d`);
    return line.slice(`${codename} `.length);
  })();
  return knownRoot;
}

/** Reads a suite's index; `scratch` is an existing folder for the files on the way. */
export async function openSuite(name: string, scratch: string): Promise<Suite> {
  const arch = (await execa('dpkg', ['--print-architecture'])).stdout;
  const release = join(scratch, `${name}.InRelease`);
  await download(`dists/${name}/InRelease`, release);
  await execa('gpgv', ['--keyring', KEYRING, release]);
  const index = `main/binary-${arch}/Packages.xz`;
  // Of the checksum lists of an InRelease, SHA256's has the only 64-digit entries.
  const sha256 = new RegExp(`^ ([0-9a-f]{64}) +\\d+ ${index}$`, 'm').exec(await readFile(release, 'utf8'))?.[1];
  if (!sha256) throw new Error(`${name}: the release lists no ${index}`);
  const compressed = join(scratch, `${name}.xz`);
  await download(`dists/${name}/${index}`, compressed, sha256);
  const { stdout } = await execa('xz', ['-dc', compressed], { maxBuffer: 500_000_000 });
  return { name, find: (wanted) => findPackage(name, stdout, wanted) };
}

function findPackage(suite: string, index: string, name: string): ArchivePackage {
  const start = index.startsWith(`Package: ${name}\n`) ? 0 : index.indexOf(`\nPackage: ${name}\n`) + 1;
  const stanza = index.slice(start, index.indexOf('\n\n', start));
  const field = (key: string): string => {
    const value = new RegExp(`^${key}: (.*)$`, 'm').exec(stanza)?.[1];
    if (!value || !stanza.startsWith(`Package: ${name}\n`)) throw new Error(`${suite} has no package ${name}`);
    return value;
  };
  return { name, version: field('Version'), filename: field('Filename'), sha256: field('SHA256') };
}

/** Downloads a package and unpacks its files below `folder`; nothing is installed, no script of it runs. */
export async function unpack(wanted: ArchivePackage, folder: string, scratch: string): Promise<void> {
  const file = join(scratch, `${wanted.name}_${wanted.sha256.slice(0, 12)}.deb`);
  await download(wanted.filename, file, wanted.sha256);
  await execa('dpkg-deb', ['-x', file, folder]);
}
