/** Ways to break a host of a cluster, each by itself, and what is then found from another one. */
import { PLUGIN_MAIN } from '../paths.js';
import type { LightHost } from '../scale/light-host.js';

export interface Way {
  readonly called: string;
  readonly breaks: (host: LightHost) => Promise<unknown>;
  /** `here`: told by the host that is asked, of HOST; `there`: by that host itself. */
  readonly who: 'here' | 'there';
  readonly found: RegExp;
}

const sh = ({ host }: LightHost, line: string) => host.run('sh', '-c', line);
const rule = (hook: 'input' | 'output', words: string) => (h: LightHost) =>
  sh(h, `nft "table ip broken { chain c { type filter hook ${hook} priority 0; ${words}; }; }"`);
/** Again and again, for else tsoverlay mends it. */
const again = (line: string) => (h: LightHost) =>
  sh(h, `setsid sh -c 'while :; do ${line}; sleep 0.3; done' >/dev/null 2>&1 &`);
/** No host of the lab has a kernel of its own: another file lies on the kernel's. */
const laid = (file: string, content: string) => (h: LightHost) =>
  sh(h, `echo ${content} > /run/laid && mount --bind /run/laid ${file}`);
const restarted = (settings: Readonly<Record<string, string>>) => (h: LightHost) => h.plugin.restart(settings);
const PID = `$(pgrep -o -f ${PLUGIN_MAIN}$)`;
const SHIFT = 'data:text/javascript,const%20now=Date.now;Date.now=()=>now()+90000';
const NETWORK = 'nsenter --net=$(ls /run/docker/netns/1-* | head -1)';
/** The host that asks. */
const ASKS = '10.0.0.61';

const byProbe = (trouble: string): RegExp => new RegExp(`^underlay\\.probes: HOST .*\\(probe\\.${trouble}\\)$`);

/** `last`: address of a host that is well. */
export const waysOf = (last: string): readonly Way[] => [
  ...[
    {
      ...{ called: 'it is dead', breaks: (h: LightHost) => h.plugin.kill() },
      found: /^cluster\.nodes: host HOST .* is away/,
    },
    { called: 'its port is closed', breaks: rule('input', 'udp dport 4789 drop'), found: byProbe('answer') },
    {
      ...{ called: 'what it sends is dropped', breaks: rule('output', 'udp dport 4789 drop') },
      found: byProbe('answer'),
    },
    {
      ...{ called: 'large packets do not arrive', breaks: rule('input', 'udp dport 4789 ip length > 1300 drop') },
      found: byProbe('mtu'),
    },
    {
      ...{ called: 'large packets of its are dropped', breaks: rule('output', 'udp dport 4789 ip length > 1300 drop') },
      found: byProbe('mtu'),
    },
    {
      ...{ called: 'packets are lost', breaks: rule('input', 'udp dport 4789 numgen random mod 3 0 drop') },
      found: byProbe('loss'),
    },
  ].map((way) => ({ ...way, who: 'here' as const })),
  ...[
    {
      called: 'its files are used up',
      breaks: (h: LightHost) => sh(h, `prlimit --pid ${PID} --nofile=$(($(ls /proc/${PID}/fd | wc -l) + 4)):`),
      found: /^kernel\.descriptors: /,
    },
    {
      called: 'it lacks a capability',
      breaks: async (h: LightHost) => {
        await h.plugin.stop();
        await h.plugin.start({}, ['/usr/bin/setpriv', '--bounding-set=-net_raw']);
      },
      found: /^kernel\.capabilities: /,
    },
    {
      ...{ called: 'its kernel is old', breaks: laid('/proc/sys/kernel/osrelease', '3.10.0') },
      found: /^kernel\.version: the kernel is 3\.10\.0/,
    },
    {
      ...{ called: 'it tracks too much', breaks: laid('/proc/sys/net/netfilter/nf_conntrack_count', '9999999') },
      found: /^kernel\.conntrack: /,
    },
    {
      called: 'docker_gwbridge lies over a network',
      breaks: (h: LightHost) => sh(h, 'ip address add 172.16.1.200/24 dev docker_gwbridge'),
      found: /^underlay\.gwbridge: docker_gwbridge has 172\.16\.1\.0\/24, and network net /,
    },
    { called: 'its engine is gone', breaks: async (h: LightHost) => h.engine.close(), found: /^engine\.serving: / },
    {
      called: 'it has two addresses, and nobody chose',
      breaks: async (h: LightHost) => {
        await sh(h, 'ip address add 192.0.2.7/24 dev eth0');
        await h.plugin.restart({ CLUSTER_ADVERTISE: '' });
      },
      found: /^underlay\.candidates: /,
    },
    {
      called: 'answers to another host take another way',
      breaks: (h: LightHost) =>
        sh(
          h,
          `ip link add way1 type veth peer name way2 && ip link set way1 up && ip link set way2 up && sysctl -qw net.ipv4.conf.all.rp_filter=1 && ip route add ${last} dev way1`,
        ),
      found: /^underlay\.rp-filter: /,
    },
    {
      ...{ called: 'its guard is taken away', breaks: again('nft delete table ip tsoverlay-guard') },
      found: /^kernel\.plan: this host: vxlanGuard: /,
    },
    {
      ...{ called: 'its bridge is taken down', breaks: again(`${NETWORK} ip link set br0 down`) },
      found: /^kernel\.plan: network net: set up of br0 is due: down/,
    },
    {
      called: 'entries of its network are taken away',
      breaks: again(`${NETWORK} ip neigh flush dev vxlan0 nud permanent`),
      found: /^kernel\.entries: network net: neighbour /,
    },
    {
      called: 'devices of its network are changed',
      breaks: again(`${NETWORK} ip link set vxlan0 mtu 1000`),
      found: /^kernel\.plan: network net: set mtu of vxlan0/,
    },
    {
      ...{ called: 'its clock is before the others', breaks: restarted({ NODE_OPTIONS: `--import=${SHIFT}` }) },
      found: /^store\.clock: /,
    },
    {
      ...{ called: 'it lets one host in alone', breaks: rule('input', `udp dport 4789 ip saddr != ${ASKS} drop`) },
      found: /^underlay\.probes: docker\d+ .*\(probe\.answer\)$/,
    },
  ].map((way) => ({ ...way, who: 'there' as const })),
];
