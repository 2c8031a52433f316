/**
 * The network between the hosts, in a namespace of its own: a switch (a bridge), a cable (a veth pair) per host,
 * and beyond the router one address of "the internet". Nothing of it touches the machine's own network.
 */

import { join } from 'node:path';
import { run } from './command.js';
import { machineName, netnsPath, stateFolder } from './paths.js';
import { startDaemon } from './process.js';

/** Router of the LAN; it has no route to what lies behind the hosts, so containers get answers only through NAT. */
export const ROUTER = '10.0.0.1';
/** An address outside of all networks of the lab; its port 53 is the lab's name server. */
export const OUTSIDE = '203.0.113.1';

const SWITCH = 'switch';

/** Address of the n-th host, n from 1: docker01 is 10.0.0.60. */
export const lanAddress = (n: number): string => `10.0.0.${59 + n}`;

interface Plug {
  readonly name: string;
  /** Name of the host's network namespace. */
  readonly machineName: string;
  readonly address: string;
}

export class Lan {
  /** Name of the network namespace. */
  readonly netns: string;

  constructor(private readonly lab: string) {
    this.netns = machineName(lab, 'lan');
  }

  /** Makes the LAN and the hosts' network namespaces, all cables plugged. `mtu` in bytes. */
  async build(hosts: readonly Plug[], mtu: number): Promise<void> {
    await ip([`netns add ${this.netns}`, ...hosts.map((h) => `netns add ${h.machineName}`)]);
    await ip(
      [
        'link set lo up',
        `address add ${OUTSIDE}/32 dev lo`,
        `link add ${SWITCH} mtu ${mtu} type bridge`,
        `address add ${ROUTER}/24 dev ${SWITCH}`,
        `link set ${SWITCH} up`,
        ...hosts.flatMap((h) => [
          `link add ${h.name} mtu ${mtu} type veth peer name eth0 mtu ${mtu} netns ${h.machineName}`,
          `link set ${h.name} master ${SWITCH} up`,
        ]),
      ],
      this.netns,
    );
    await Promise.all(
      hosts.map((h) =>
        ip(
          [
            'link set lo up',
            'link set eth0 up',
            `address add ${h.address}/24 dev eth0`,
            `route add default via ${ROUTER}`,
          ],
          h.machineName,
        ),
      ),
    );
  }

  /** Starts the name server at {@link OUTSIDE}; it ends with the namespace's last user, the lab. */
  async serveNames(): Promise<void> {
    const argv = [
      'nsenter',
      `--net=${netnsPath(this.netns)}`,
      'unshare',
      '--fork',
      process.execPath,
      '--import',
      'tsx',
    ];
    await startDaemon({
      argv: [...argv, join(import.meta.dirname, 'nameserver.ts'), OUTSIDE],
      env: process.env,
      log: join(stateFolder(this.lab), 'nameserver.log'),
    });
  }

  /** Pulls the host's cable; the host sees its carrier go. */
  cut(host: string): Promise<void> {
    return ip([`link set ${host} down`], this.netns);
  }

  /** Plugs it in again. */
  join(host: string): Promise<void> {
    return ip([`link set ${host} up`], this.netns);
  }
}

/** Runs `ip` commands in one process, inside a network namespace if one is named; stops at the first failure. */
async function ip(lines: readonly string[], netns?: string): Promise<void> {
  const where = netns === undefined ? [] : ['-netns', netns];
  await run(['ip', ...where, '-batch', '-'], { input: lines.join('\n') });
}
