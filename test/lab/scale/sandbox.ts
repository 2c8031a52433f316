/** Network namespaces of containers, as a runtime makes them, and what the engine puts there. */
import { existsSync } from 'node:fs';
import { containerEnd } from '../../../src/model/values/names.js';
import type { EndpointId } from '../../../src/model/values/types.js';
import type { Host } from '../host.js';
import { type Container, sandboxPath } from './engine-containers.js';

/** Makes the namespaces of these containers, all in one go. */
export async function makeSandboxes(host: Host, ids: readonly string[]): Promise<void> {
  const make = 'touch "$f" && unshare "--net=$f" ip link set lo up';
  await host.run('sh', '-ec', `for f; do ${make}; done`, 'sh', ...ids.map(sandboxPath));
}

export async function removeSandboxes(host: Host, ids: readonly string[]): Promise<void> {
  await host.run('sh', '-ec', 'for f; do umount "$f"; rm "$f"; done', 'sh', ...ids.map(sandboxPath));
}

/** Where the engine's resolver would listen: questions get to ours behind the engine's own rules (docs/architecture.md, Names). */
const RESOLVER = '127.0.0.11:40053';
const rule = (protocol: string): string =>
  `add rule ip engine output ip daddr 127.0.0.11 ${protocol} dport 53 dnat to ${RESOLVER}`;
const RULES = [
  'add table ip engine',
  'add chain ip engine output { type nat hook output priority -100; }',
  rule('udp'),
  rule('tcp'),
];

/** Moves the container's end of its cable where there is a namespace for it; else it stays on the host. */
export async function fetchCard(host: Host, { endpoint, sandbox, address }: Container): Promise<void> {
  if (!existsSync(host.path(sandbox.replace('/var', '')))) return;
  const script = [
    'ip link set "$2" netns "$1"',
    'nsenter "--net=$1" ip -batch - <<END',
    'link set $2 name eth0',
    'link set eth0 up',
    'address add $3/16 dev eth0',
    'END',
    'nsenter "--net=$1" nft -f - <<END',
    ...RULES,
    'END',
  ].join('\n');
  await host.run('sh', '-ec', script, 'sh', sandbox, containerEnd(endpoint as EndpointId), address);
}
