/** A network with one on it that passes for others, and those who may believe it. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { arp, discovery, ether, icmp6, ip4, ip6, linkAddress } from '../../kernel/frames.js';
import { within } from '../waiting.js';
import { OURS, type Site } from './site.js';

const SENDER = join(import.meta.dirname, 'sender.mjs');
const [IPV4, ARP, IPV6] = [0x0800, 0x0806, 0x86dd];

/** One network with an attacker, one that has CAP_NET_ADMIN, a victim on their host and one on another. */
export class Scene {
  constructor(
    private readonly site: Site,
    readonly name: string,
    /** Third byte of the IPv4 subnet, second word of the IPv6 one. */
    private readonly n: number,
  ) {}

  private readonly who = ['attacker', 'admin', 'victim', 'far'] as const;
  ip4 = (host: number): string => `172.16.${this.n}.${host}`;
  ip6 = (host: number): string => `fd00:${this.n}::${host}`;
  mac = (host: number): string => `02:42:ac:10:0${this.n}:${host.toString(16).padStart(2, '0')}`;
  as = (who: string): string => `${who}-${this.name}`;

  async up(options: string): Promise<void> {
    const subnets = `--subnet 172.16.${this.n}.0/24 --gateway ${this.ip4(1)} --ipv6 --subnet fd00:${this.n}::/64`;
    await this.site.network(this.name, `${OURS} ${subnets} --gateway ${this.ip6(1)} ${options}`);
    for (const [i, who] of this.who.entries()) {
      const more = who === 'admin' ? '--cap-add NET_ADMIN' : '';
      const place = `--net ${this.name} --ip ${this.ip4(10 + i)} --ip6 ${this.ip6(10 + i)} -v /:/machine:ro ${more}`;
      await this.site.run(who === 'far' ? 2 : 1, this.as(who), place);
    }
    for (const to of [this.ip4(12), this.ip4(13), this.ip6(12), this.ip6(13)])
      await within(10_000, `${to} answers`, () => this.site.ping(1, this.as('attacker'), to));
    await within(10_000, 'the far one answers', () => this.site.ping(1, this.as('victim'), this.ip6(13)));
    await within(10_000, 'the far one answers', () => this.site.ping(1, this.as('victim'), this.ip4(13)));
  }

  /** From the attacker, as a program inside of its container. */
  async send(...frames: readonly Buffer[]): Promise<void> {
    const hex = frames.map((frame) => frame.toString('hex')).join(' ');
    await this.site.exec(1, this.as('attacker'), `chroot /machine ${process.execPath} ${SENDER} ${hex}`);
  }

  /** Whether the victim believes the attacker to have an address: the far one's, and the gateway's. */
  async poisoned(): Promise<Record<string, boolean>> {
    const [mine, to] = [this.mac(10), this.mac(12)];
    for (const target of [this.ip4(1), this.ip6(1)]) await this.site.ping(1, this.as('victim'), target);
    // For a second the kernel holds to what it has just learned.
    await sleep(1_200);
    const told = [this.ip4(1), this.ip4(13)].map((ip) => ether(to, mine, ARP, arp(2, mine, ip, this.ip4(12), to)));
    const advertised = [this.ip6(1), this.ip6(13)].map((ip) => {
      const message = icmp6(this.ip6(10), this.ip6(12), 136, discovery(0x60, ip, linkAddress(2, mine)));
      return ether(to, mine, IPV6, ip6(this.ip6(10), this.ip6(12), 58, message));
    });
    const targets = { gateway4: this.ip4(1), far4: this.ip4(13), gateway6: this.ip6(1), far6: this.ip6(13) };
    const believed = new Set<string>();
    // Once is enough, and each may be asked for and answered again by itself meanwhile.
    for (let tries = 0; tries < 3; tries++) {
      await this.send(...told, ...advertised);
      const neighbours = await this.site.exec(1, this.as('victim'), 'ip neigh');
      for (const ip of Object.values(targets))
        if (new RegExp(`^${ip} .*lladdr ${mine}`, 'm').test(neighbours)) believed.add(ip);
      await sleep(1_200);
    }
    return Object.fromEntries(Object.entries(targets).map(([name, ip]) => [name, believed.has(ip)]));
  }

  /**
   * How many come of three datagrams that say they are the victim's and one that is honest: by address, by MAC, to one on
   * the same host, and to the far one.
   */
  async heard(): Promise<readonly number[]> {
    const heard: number[] = [];
    const forged = [
      [this.mac(10), this.ip4(12)],
      [this.mac(12), this.ip4(10)],
    ] as const;
    for (const [host, who, n] of [
      [1, 'admin', 11],
      [2, 'far', 13],
    ] as const)
      for (const [mac, ip] of forged) {
        const datagram = (from: string, of: string) => ether(this.mac(n), of, IPV4, ip4(from, this.ip4(n)));
        const [false1, true1] = [datagram(ip, mac), datagram(this.ip4(10), this.mac(10))];
        const before = await this.unheard(host, who);
        await this.send(false1, false1, false1, true1);
        await within(5_000, 'the honest one comes', async () => (await this.unheard(host, who)) > before);
        heard.push((await this.unheard(host, who)) - before);
      }
    return heard;
  }

  /** Datagrams that came to ports where nobody listens. */
  private async unheard(host: number, who: string): Promise<number> {
    const text = await this.site.exec(host, this.as(who), 'grep Udp: /proc/net/snmp');
    const [names = '', values = ''] = text.split('\n');
    return Number(values.split(' ')[names.split(' ').indexOf('NoPorts')]);
  }

  /** The victim's address, taken with CAP_NET_ADMIN and no program but `ip` and `arping`: who believes it. */
  async taken(): Promise<boolean> {
    const admin = (command: string) => this.site.exec(1, this.as('admin'), command);
    await this.site.ping(1, this.as('attacker'), this.ip4(12));
    await sleep(1_200);
    await admin(`ip address add ${this.ip4(12)}/24 dev eth0`);
    await admin(`arping -c 2 -U -I eth0 -s ${this.ip4(12)} ${this.ip4(12)}`).catch(() => '');
    const neighbours = await this.site.exec(1, this.as('attacker'), 'ip neigh');
    await admin(`ip address del ${this.ip4(12)}/24 dev eth0`);
    return new RegExp(`^${this.ip4(12)} .*lladdr ${this.mac(11)}`, 'm').test(neighbours);
  }

  /** Takes the far one's MAC and talks with it; whether the victim still reaches the far one, and the attacker nobody. */
  async stolenMac(): Promise<{ readonly reachesFar: boolean; readonly thiefTalks: boolean }> {
    const admin = (command: string) => this.site.succeeds(1, `exec ${this.as('admin')} ${command}`);
    await admin(`ip link set eth0 address ${this.mac(13)}`);
    const thiefTalks = await admin(`ping -c2 -W1 ${this.ip4(1)}`);
    const reachesFar = await this.site.ping(1, this.as('victim'), this.ip4(13));
    await admin(`ip link set eth0 address ${this.mac(11)}`);
    return { reachesFar, thiefTalks };
  }
}
