/**
 * `sbom.cjs <x64|arm64>`, the last step of the Dockerfile, in its WORKDIR: what the managed plugin's image is made of, as
 * a CycloneDX 1.6 document on stdout. It asks what esbuild put into the program and what lies in the image, not what
 * package.json would allow. The same sources give the same bytes: no time, no serial number.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Enums, Models, Serialize, SPDX, Spec } from '@cyclonedx/cyclonedx-library';
import { z } from 'zod';

/** Where the packages lie that cannot be in the one file. */
const OUTSIDE = 'rootfs/usr/lib/tsoverlay';

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), integrity: z.string().optional(), license: z.string().optional() }),
  ),
});
const metafile = z.object({ inputs: z.record(z.string(), z.unknown()) });
const manifest = z.object({ name: z.string(), version: z.string() });

const read = <T>(path: string, shape: z.ZodType<T>): T => shape.parse(JSON.parse(readFileSync(path, 'utf8')));

/** Where the package of a file lies: `node_modules/a/node_modules/@b/c` of `…/@b/c/d.js`; undefined for our own files. */
const packageOf = (file: string): string | undefined =>
  /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0].replace(`${OUTSIDE}/`, '');

function component(name: string, version: string, purl: string, hash: readonly [Enums.HashAlgorithm, string]) {
  return new Models.Component(Enums.ComponentType.Library, name, {
    version,
    purl,
    bomRef: purl,
    hashes: new Models.HashDictionary([hash]),
  });
}

/** An npm package by its place. Throws for one that is not locked with a hash. */
function npmComponent(lock: z.infer<typeof lockFile>, place: string): Models.Component {
  const { version = '', integrity = '', license } = lock.packages[place] ?? {};
  const hash = /^sha512-(.+)$/.exec(integrity)?.[1];
  if (hash === undefined) throw new Error(`${place} is in the image, but no lock file has its hash`);
  const name = place.replace(/^.*node_modules\//, '');
  const hex = Buffer.from(hash, 'base64').toString('hex');
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const made = component(name, version, purl, [Enums.HashAlgorithm['SHA-512'], hex]);
  if (license !== undefined)
    made.licenses.add(
      SPDX.isSupportedSpdxId(license) ? new Models.SpdxLicense(license) : new Models.NamedLicense(license),
    );
  return made;
}

/** A Debian package by its file, which apt has checked against the archive's signature. */
function debComponent(file: string): Models.Component {
  const field = (name: string): string => execFileSync('dpkg-deb', ['-f', file, name], { encoding: 'utf8' }).trim();
  const [name, version, arch] = [field('Package'), field('Version'), field('Architecture')];
  const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${arch}`;
  const hash = createHash('sha256').update(readFileSync(file)).digest('hex');
  return component(name, version, purl, [Enums.HashAlgorithm['SHA-256'], hash]);
}

const [, , cpu = ''] = process.argv;
const lock = read('package-lock.json', lockFile);
const ours = read('package.json', manifest);
const bundled = ['bundle.json', 'dist/page.json'].flatMap((path) => Object.keys(read(path, metafile).inputs));
const outside = readdirSync(OUTSIDE, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('package.json'))
  .map((file) => join(OUTSIDE, file));
const places = new Set([...bundled, ...outside].flatMap((file) => packageOf(file) ?? []));
const debs = readdirSync('apt').filter((file) => file.endsWith('.deb'));

const bom = new Models.Bom();
const { name, version } = ours;
const self = new Models.Component(Enums.ComponentType.Application, name, { version, bomRef: `${name}@${version}` });
bom.metadata.component = self;
for (const place of [...places].sort()) bom.components.add(npmComponent(lock, place));
const node = npmComponent(read('node/package-lock.json', lockFile), `node_modules/node-linux-${cpu}`);
// Who looks for flaws of Node knows it by this name.
node.cpe = `cpe:2.3:a:nodejs:node.js:${node.version}:*:*:*:*:*:*:*`;
bom.components.add(node);
for (const file of debs) bom.components.add(debComponent(join('apt', file)));
const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
process.stdout.write(`${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`);
