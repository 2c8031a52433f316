/** `docker compose -p shop …` on a host of a lab, of a file that is told and not written. */
import { type ComposeVersion, composeBinary } from './cache.js';
import { attempt, type Outcome } from './command.js';
import type { DockerHost } from './lab.js';

export function compose(
  h: DockerHost,
  version: ComposeVersion,
  file: string,
  ...args: readonly string[]
): Promise<Outcome> {
  const DOCKER_HOST = `unix://${h.host.path('/run/docker.sock')}`;
  const argv = [composeBinary(version), '-p', 'shop', '-f', '-', ...args];
  return attempt(argv, { env: { DOCKER_HOST, PATH: process.env.PATH, HOME: '/root' }, input: file });
}
