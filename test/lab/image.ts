/** The image `busybox:latest` as a tar for `docker load`: no registry is needed. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { buildPrograms, programSources } from './attacks/programs.js';
import { cached } from './paths.js';
import { putInPlace, withScratch } from './scratch.js';

const BUSYBOX = '/bin/busybox';
const IPERF = '/usr/bin/iperf3';

let tar: string | undefined;

/** The tar's place in the cache, named after all that it is made of: checkouts that differ have one each. */
export function imageTar(): string {
  if (tar === undefined) {
    const hash = createHash('sha256');
    for (const file of [import.meta.filename, BUSYBOX, IPERF, ...programSources()]) hash.update(readFileSync(file));
    tar = cached(`busybox-image-${hash.digest('hex').slice(0, 12)}.tar`);
  }
  return tar;
}

/**
 * Makes the tar when the cache has none: busybox with all its applets, iperf3 with its libraries, and the programs
 * that attack and measure.
 */
export async function makeImage(tell: (line: string) => void): Promise<void> {
  if (existsSync(imageTar())) return;
  tell('making the busybox image');
  await withScratch(async (scratch) => {
    await fillRootfs(join(scratch, 'rootfs'));
    const layer = join(scratch, 'layer.tar');
    await execa('tar', ['-C', join(scratch, 'rootfs'), '--owner=0', '--group=0', '-cf', layer, '.']);
    await describe(
      scratch,
      createHash('sha256')
        .update(await readFile(layer))
        .digest('hex'),
    );
    const image = join(scratch, 'image.tar');
    await execa('tar', ['-C', scratch, '-cf', image, 'manifest.json', 'config.json', 'layer.tar']);
    await putInPlace(image, imageTar());
  });
}

async function fillRootfs(rootfs: string): Promise<void> {
  for (const folder of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'root', 'var/www'])
    await mkdir(join(rootfs, folder), { recursive: true });
  for (const file of [IPERF, ...(await libraries(IPERF))]) {
    await mkdir(dirname(join(rootfs, file)), { recursive: true });
    await cp(file, join(rootfs, file), { dereference: true });
  }
  await cp(BUSYBOX, join(rootfs, 'bin/busybox'), { dereference: true });
  await buildPrograms(join(rootfs, 'bin'));
  // Applets are symbolic links to where busybox believes it is, so it has to be asked inside the new root.
  await execa('chroot', [rootfs, '/bin/busybox', '--install', '-s', '/bin']);
}

/** Absolute paths of all shared libraries and of the loader. */
async function libraries(binary: string): Promise<string[]> {
  const { stdout } = await execa('ldd', [binary]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].flatMap((m) => m[1] ?? []);
}

/** The two files that make a layer an image, as `docker save` writes them. */
async function describe(folder: string, layerSha256: string): Promise<void> {
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    // A `sleep` that is a container's first process ignores SIGTERM: every stop would take ten seconds.
    config: { Cmd: ['sh'], Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'], StopSignal: 'SIGKILL' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerSha256}`] },
  };
  const manifest = [{ Config: 'config.json', RepoTags: ['busybox:latest'], Layers: ['layer.tar'] }];
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
}
