/** Consul as an image, made from the Debian package: for hosts that run it as a container, as the guide does. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { consulBinary } from './cache.js';
import type { DockerHost } from './lab.js';
import { withScratch } from './scratch.js';

/** Makes `consul:latest` on a host; it takes the same arguments as the one that people pull. */
export async function importConsul(h: DockerHost): Promise<void> {
  await withScratch(async (scratch) => {
    const root = join(scratch, 'consul');
    await mkdir(join(root, 'tmp'), { recursive: true });
    const { stdout } = await execa('ldd', [consulBinary()]);
    const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].flatMap((m) => m[1] ?? []);
    for (const file of libraries) await execa('cp', ['--parents', '-L', file, root]);
    await execa('install', ['-D', consulBinary(), join(root, 'bin/consul')]);
    const tar = join(scratch, 'consul.tar');
    await execa('tar', ['-C', root, '-cf', tar, ...(await readdir(root))]);
    await h.docker('import', '--change', 'ENTRYPOINT ["/bin/consul"]', tar, 'consul:latest');
  });
}

/** `docker run --restart=always` of a server that keeps its data on the host's disk. */
export async function runConsul(h: DockerHost): Promise<void> {
  const agent = ['agent', '-server', '-bootstrap-expect=1', '-data-dir', '/data', '-bind', h.address];
  const container = ['--restart=always', '--name', 'consul', '--net', 'host', '-v', '/var/lib/consul:/data'];
  const quick = ['-client', '0.0.0.0', '-hcl', 'performance { raft_multiplier = 1 }'];
  await h.docker('run', '-d', ...container, 'consul', ...agent, ...quick);
}
