/** A registry on one of the lab's hosts, for plugins that are pushed, installed and upgraded. */
import { writeFile } from 'node:fs/promises';
import { fillRegistry, registryBinary } from './cache.js';
import type { DockerHost } from './lab.js';
import { within } from './waiting.js';

const PORT = 5000;
const CONFIG = '/var/lib/registry.yml';

/** For `--insecure-registry`, and what names of its images begin with. */
export const registryAt = (address: string): string => `${address}:${PORT}`;

/** Starts it on a host; its data is in memory. */
export async function startRegistry({ host, run }: DockerHost): Promise<void> {
  await fillRegistry(() => {});
  const config = { version: '0.1', storage: { inmemory: {} }, http: { addr: `:${PORT}` } };
  // JSON is YAML.
  await writeFile(host.path(CONFIG), JSON.stringify(config));
  await host.service('registry', [registryBinary(), 'serve', CONFIG]);
  await within(10_000, 'the registry serves', async () => {
    const answer = await run('busybox', 'wget', '-q', '-O', '-', `http://127.0.0.1:${PORT}/v2/`).catch(() => '');
    return answer === '{}';
  });
}
