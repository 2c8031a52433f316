/** The bill of materials of the managed plugin names all that is in its image, and is what CycloneDX's schema asks for. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { freshPlugin } from '../managed-build.js';
import { PLUGIN_FOLDER } from '../managed-plugin.js';

const bill = z.object({
  components: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      purl: z.string(),
      cpe: z.string().optional(),
      hashes: z.array(z.object({ alg: z.string(), content: z.string() })).length(1),
    }),
  ),
});

let text: string;
beforeAll(async () => {
  await freshPlugin();
  text = readFileSync(`${PLUGIN_FOLDER}.cdx.json`, 'utf8');
});
const components = () => bill.parse(JSON.parse(text)).components;

describe('build/plugin.cdx.json', () => {
  it('is valid, and the same in the image', async () => {
    expect(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text)).toBeNull();
    const inside = join(PLUGIN_FOLDER, 'rootfs/usr/share/doc/tsoverlay/sbom.cdx.json');
    expect(readFileSync(inside, 'utf8')).toBe(text);
  });

  it('names Node in the version that runs, by the name that its flaws are listed under', async () => {
    const { stdout } = await execa('chroot', [join(PLUGIN_FOLDER, 'rootfs'), '/usr/bin/node', '--version']);
    expect(components().map(({ cpe }) => cpe)).toContain(
      `cpe:2.3:a:nodejs:node.js:${stdout.replace('v', '')}:*:*:*:*:*:*:*`,
    );
  });

  it('names every package and library that lies in the image', () => {
    const names = components().map(({ purl }) => decodeURIComponent(purl));
    const modules = join(PLUGIN_FOLDER, 'rootfs/usr/lib/tsoverlay/node_modules');
    for (const file of readdirSync(modules, { recursive: true }).map(String)) {
      const name = /^((?:@[^/]+\/)?[^/@]+)\/package\.json$/.exec(file)?.[1];
      if (name === undefined) continue;
      const { version } = JSON.parse(readFileSync(join(modules, file), 'utf8'));
      expect(names).toContain(`pkg:npm/${name}@${version}`);
    }
    for (const folder of readdirSync(join(PLUGIN_FOLDER, 'rootfs/usr/share/doc')))
      if (!['node', 'tsoverlay'].includes(folder) && !folder.startsWith('gcc-'))
        expect(names.some((n) => n.startsWith(`pkg:deb/debian/${folder}@`))).toBe(true);
    for (const bundled of ['express', 'dockerode', 'consul', 'pino', 'preact', 'prom-client', 'zod'])
      expect(names.some((n) => n.startsWith(`pkg:npm/${bundled}@`))).toBe(true);
    // What the program never loads is not in it.
    for (const absent of ['ssh2', '@grpc/grpc-js', 'protobufjs', 'vitest'])
      expect(names.some((n) => n.startsWith(`pkg:npm/${absent}@`))).toBe(false);
  });
});
