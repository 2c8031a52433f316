/**
 * Two hosts on a LAN, each with a VXLAN device of ours and one of somebody else's, and a container behind the first. A
 * third node is known to both by its address alone.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { VxlanGuard } from '../../src/kernel/rules/vxlan-guard.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import type { GuardMode } from '../../src/model/values/settings.js';
import { dropNamespace, inside, makeNamespace } from './dns-namespace.js';
import { makeGuard } from './host-parts.js';

export const OURS = 256;
export const FOREIGN = 999;

/** How packets of the container leave its host: as the engine does it, or by rules without conntrack's help. */
export type Masquerade = 'conntrack' | 'stateless';

/** Addresses of an underlay's family. */
export const ADDRESSES = {
  4: {
    a: '10.0.0.60',
    b: '10.0.0.61',
    second: '10.0.1.61',
    third: '10.0.0.62',
    stranger: '10.0.0.99',
    container: '172.17.0.2',
    gateway: '172.17.0.1',
    loopback: '127.0.0.1',
    multicast: '224.0.0.1',
  },
  6: {
    a: 'fd00::60',
    b: 'fd00::61',
    second: 'fd01::61',
    third: 'fd00::62',
    stranger: 'fd00::99',
    container: 'fd17::2',
    gateway: 'fd17::1',
    loopback: '::1',
    multicast: 'ff02::1',
  },
} as const;

export type Addresses = (typeof ADDRESSES)[4 | 6];

export class GuardedHosts {
  readonly a = makeNamespace();
  readonly b = makeNamespace();
  readonly container = makeNamespace();
  readonly at: Addresses;
  private readonly guards: readonly VxlanGuard[];

  /** With guards that stand. */
  static async make(underlay: 4 | 6, masquerade: Masquerade, mode: GuardMode): Promise<GuardedHosts> {
    const hosts = new GuardedHosts(underlay, masquerade, mode);
    await hosts.admit();
    return hosts;
  }

  private constructor(
    readonly underlay: 4 | 6,
    masquerade: Masquerade,
    readonly mode: GuardMode,
  ) {
    this.at = ADDRESSES[underlay];
    this.lay(masquerade);
    this.guards = [this.a, this.b].map((netns) => withNamespace(netns, () => new VxlanGuard(underlay, mode, 4789)));
  }

  /** Frames that have come out of a VXLAN device, a while after `work`. */
  async received(netns: string, vni: number, work: () => void): Promise<number> {
    const frames = () => withNamespace(netns, () => framesOf(readFileSync('/proc/thread-self/net/dev', 'utf8'), vni));
    const before = frames();
    work();
    await sleep(20);
    return frames() - before;
  }

  drops(host: 'a' | 'b'): Readonly<Record<string, number>> {
    return Object.fromEntries(this.guards[host === 'a' ? 0 : 1]?.drops() ?? []);
  }

  /** Makes the guards anew, with one more node. */
  async admit(...more: readonly string[]): Promise<void> {
    const nodes = [this.at.a, this.at.b, this.at.third, ...more];
    if (this.mode !== 'off') for (const guard of this.guards) await makeGuard(guard, nodes, [OURS, 300]);
  }

  /** For what the second host's own guard would not let out. */
  async unguard(): Promise<void> {
    await this.guards[1]?.remove();
  }

  close(): void {
    for (const guard of this.guards) guard.close();
    for (const netns of [this.a, this.b, this.container]) dropNamespace(netns);
  }

  private lay(masquerade: Masquerade): void {
    const { a, b, container, at } = this;
    const [v, lan, nodad] = this.underlay === 4 ? ['ip', '/24', ''] : ['ip6', '/64', 'nodad'];
    for (const netns of [a, b, container])
      inside(netns, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
    ip(a, [
      `link add eth0 type veth peer name eth0 netns ${b}`,
      'link add docker0 type bridge',
      `link add port type veth peer name eth0 netns ${container}`,
      'link set port master docker0 up',
      `address add ${at.a}${lan} dev eth0 ${nodad}`,
      `address add ${at.gateway}${lan} dev docker0 ${nodad}`,
      // A network card's limit: what is to be cut is cut before it leaves.
      'link set eth0 gso_max_segs 1 up',
      'link set docker0 up',
    ]);
    ip(b, [
      `address add ${at.b}${lan} dev eth0 ${nodad}`,
      `address add ${at.stranger}${lan} dev eth0 ${nodad}`,
      `address add ${at.second} dev lo ${nodad}`,
      'link set eth0 up',
    ]);
    ip(a, [`route add ${at.second} via ${at.b}`]);
    ip(container, [
      `address add ${at.container}${lan} dev eth0 ${nodad}`,
      'link set eth0 up',
      `route add default via ${at.gateway}`,
    ]);
    const as =
      masquerade === 'conntrack'
        ? `type nat hook postrouting priority 100; oifname "eth0" ${v} saddr ${at.container} masquerade;`
        : `type filter hook postrouting priority 100; oifname "eth0" ${v} saddr ${at.container} ${v} saddr set ${at.a};`;
    inside(a, 'nft', `table ${v} lab { chain post { ${as} }; }`);
    // Neighbours are known before the first attack.
    inside(container, 'busybox', 'ping', '-c1', '-W2', at.gateway);
    inside(a, 'busybox', 'ping', '-c1', '-W2', at.b);
    for (const [netns, local, remote] of [
      [a, at.a, at.b],
      [b, at.b, at.a],
    ] as const) {
      // Multicast reports and the like would be counted as frames.
      inside(netns, 'sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1');
      ip(
        netns,
        [OURS, FOREIGN].flatMap((vni) => [
          `link add v${vni} type vxlan id ${vni} dstport 4789 local ${local} remote ${remote} nolearning`,
          `link set v${vni} up`,
        ]),
      );
    }
  }
}

/** `ip -batch`: one process for many lines. */
function ip(netns: string, lines: readonly string[]): void {
  execFileSync('nsenter', [`--net=${netns}`, 'ip', '-batch', '-'], { input: lines.join('\n') });
}

/** Frames that came out of a VXLAN device, by /proc/net/dev. */
const framesOf = (table: string, vni: number): number =>
  Number(new RegExp(`^ *v${vni}: *\\d+ +(\\d+)`, 'm').exec(table)?.[1]);
