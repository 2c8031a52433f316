/** The image `busybox:latest` as a tar for `docker import`: no registry is needed. */
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { putInPlace } from './cache.js';
import { CACHE, cached } from './paths.js';

export const IMAGE_TAR = cached('busybox.tar');

const IPERF = '/usr/bin/iperf3';

/** Makes the tar when the cache has none: busybox with all its applets, and iperf3 with its libraries. */
export async function makeImage(tell: (line: string) => void): Promise<void> {
  if (existsSync(IMAGE_TAR)) return;
  tell('making the busybox image');
  await mkdir(CACHE, { recursive: true });
  const scratch = await mkdtemp(join(CACHE, 'image-'));
  try {
    const rootfs = join(scratch, 'rootfs');
    for (const folder of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'root', 'var/www'])
      await mkdir(join(rootfs, folder), { recursive: true });
    for (const file of [IPERF, ...(await libraries(IPERF))]) {
      await mkdir(dirname(join(rootfs, file)), { recursive: true });
      await cp(file, join(rootfs, file), { dereference: true });
    }
    await cp('/bin/busybox', join(rootfs, 'bin/busybox'), { dereference: true });
    // Applets are symbolic links to where busybox believes it is, so it has to be asked inside the new root.
    await execa('chroot', [rootfs, '/bin/busybox', '--install', '-s', '/bin']);
    const tar = join(scratch, 'busybox.tar');
    await execa('tar', ['-C', rootfs, '--owner=0', '--group=0', '-cf', tar, '.']);
    await putInPlace(tar, IMAGE_TAR);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Absolute paths of all shared libraries and of the loader. */
async function libraries(binary: string): Promise<string[]> {
  const { stdout } = await execa('ldd', [binary]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].flatMap((m) => m[1] ?? []);
}
