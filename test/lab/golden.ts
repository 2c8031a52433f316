/** What a network's namespace looks like from outside, in words that do not depend on the run. */
import type { DockerHost } from './lab.js';

const VIEWS = ['ip -d link', 'ip addr', 'bridge fdb show', 'bridge link', 'ip neigh', 'ip route', 'ip -6 route'];

/** All views of a namespace of the host, one text; the order within a view is the kernel's. */
export async function capture(h: DockerHost, namespace: string): Promise<string> {
  const texts: string[] = [];
  for (const view of VIEWS) {
    const output = await h.run('nsenter', `--net=/var/run/docker/netns/${namespace}`, ...view.split(' '));
    texts.push(
      `# ${view}`,
      ...output
        .split('\n')
        .map(normalised)
        .filter((line) => line !== ''),
    );
  }
  return texts.join('\n');
}

/** Takes out what differs from run to run: indexes, random MAC addresses, names of namespaces, running timers. */
function normalised(line: string): string {
  return line
    .replace(/^\d+: /, '')
    .replace(/@if\d+/, '')
    .replace(/ link-netns(id)? \S+/, '')
    .replace(/\b8000\.[0-9a-f:]+/g, '8000.<mac>')
    .replace(/(\w+_timer) +[\d.]+/g, '$1 <time>')
    .replace(/\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b/g, (mac) => (isRandom(mac) ? '<mac>' : mac))
    .trimEnd();
}

/** Of the addresses of one card made up locally; those given on purpose begin with 02:42. */
const isRandom = (mac: string): boolean => (Number.parseInt(mac, 16) & 0b11) === 0b10 && !mac.startsWith('02:42:');
