/** Who still reaches Consul with its guard in place: a container on a bridge, the host itself, a host on the LAN. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NftConsulGuard } from '../../src/kernel/rules/consul-guard.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import type { Ip } from '../../src/model/values/types.js';
import { dropNamespace, inside, makeNamespace } from './dns-namespace.js';
import { makeConsulGuard } from './host-parts.js';

const PORT = 8500;
const OTHER = 8600;
const BRIDGES = ['docker0', 'docker_gwbridge', 'br-0123456789ab'];
let [host, lan, container]: [string, string, string] = ['', '', ''];
let guard: NftConsulGuard;
let children: ChildProcess[] = [];

const listen = (namespace: string, port: number) =>
  children.push(spawn('nsenter', [`--net=${namespace}`, 'busybox', 'nc', '-ll', '-p', String(port), '-e', 'true']));

const reaches = (from: string, address: string, port = PORT): boolean => {
  try {
    execFileSync('nsenter', [`--net=${from}`, 'busybox', 'nc', '-w', '1', address, String(port)], {
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 1_500,
    });
    return true;
  } catch {
    return false;
  }
};

/** `container` behind a bridge of `host`, which is with `lan` on a LAN. */
beforeEach(async () => {
  [host, lan, container] = [makeNamespace(), makeNamespace(), makeNamespace()];
  const ip = (namespace: string, line: string) => inside(namespace, 'ip', ...line.split(' '));
  ip(host, `link add eth0 type veth peer name eth0 netns ${lan}`);
  ip(host, `link add docker_gwbridge type bridge`);
  ip(host, `link add veth1 type veth peer name eth0 netns ${container}`);
  ip(host, 'link set veth1 master docker_gwbridge up');
  for (const [where, device, v4, v6] of [
    [host, 'eth0', '10.0.0.61/24', 'fd00::61/64'],
    [lan, 'eth0', '10.0.0.60/24', 'fd00::60/64'],
    [host, 'docker_gwbridge', '172.18.0.1/16', 'fd18::1/64'],
    [container, 'eth0', '172.18.0.2/16', 'fd18::2/64'],
  ] as const) {
    ip(where, `address add ${v4} dev ${device}`);
    ip(where, `address add ${v6} dev ${device} nodad`);
    ip(where, `link set ${device} up`);
  }
  inside(host, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
  ip(lan, 'route add 172.18.0.0/16 via 10.0.0.61');
  ip(lan, '-6 route add fd18::/64 via fd00::61');
  ip(container, 'route add default via 172.18.0.1');
  ip(container, '-6 route add default via fd18::1');
  for (const namespace of [host, lan, container]) for (const port of [PORT, OTHER]) listen(namespace, port);
  guard = withNamespace(host, () => new NftConsulGuard());
  await vi.waitFor(() => {
    for (const to of ['10.0.0.60', 'fd00::60', '10.0.0.61', 'fd18::1', '172.18.0.1'])
      expect(reaches(container, to), to).toBe(true);
  }, 10_000);
});
afterEach(() => {
  guard.close();
  for (const child of children) child.kill('SIGKILL');
  children = [];
  for (const namespace of [host, lan, container]) dropNamespace(namespace);
});

const server = (address: string) => ({ address: address as Ip, port: PORT });
const planned = (...addresses: string[]) => ({ interfaces: BRIDGES, servers: addresses.map(server) });
const ensure = (...addresses: string[]) => makeConsulGuard(guard, planned(...addresses));

describe('the guard of Consul', () => {
  it.each([
    ['another host', '10.0.0.60'],
    ['another host by IPv6', 'fd00::60'],
    ['this host', '10.0.0.61'],
    ["this host by its bridge's address", '172.18.0.1'],
    ["this host by its bridge's IPv6 address", 'fd18::1'],
  ])('keeps a container away from Consul on %s, and from nothing else there', async (_, address) => {
    await ensure('10.0.0.60', 'fd00::60');
    expect(reaches(container, address)).toBe(false);
    expect(reaches(container, address, OTHER)).toBe(true);
  });

  it('lets hosts through, to this one too, and replies of a Consul in a container', async () => {
    await ensure('10.0.0.60', '10.0.0.61', '172.18.0.2');
    expect(reaches(host, '10.0.0.60')).toBe(true);
    expect(reaches(host, '10.0.0.61')).toBe(true);
    expect(reaches(host, '172.18.0.2')).toBe(true);
    expect(reaches(lan, '10.0.0.61')).toBe(true);
    expect(reaches(lan, '172.18.0.2')).toBe(true);
  });

  it('means a published port by the address that is named, before it is translated', async () => {
    const nft = (line: string) => inside(host, 'nft', ...line.split(' '));
    nft('add table ip nat');
    nft('add chain ip nat prerouting { type nat hook prerouting priority -100 ; }');
    nft('add rule ip nat prerouting ip daddr 10.0.0.61 tcp dport 8500 dnat to 172.18.0.2:8600');
    await ensure('10.0.0.61');
    expect(reaches(container, '10.0.0.61')).toBe(false);
    expect(reaches(lan, '10.0.0.61')).toBe(true);
  });

  it.each([
    'flush ruleset',
    'delete table ip tsoverlay-consul',
    'delete table ip6 tsoverlay-consul',
    'flush chain ip6 tsoverlay-consul containers',
    'flush set ip tsoverlay-consul bridges',
  ])('stands until nft %s, and again when made anew', async (command) => {
    expect(guard.observe()).toBeUndefined();
    await ensure('10.0.0.60');
    expect(guard.observe()).toMatchObject(planned('10.0.0.60'));
    inside(host, 'nft', ...command.split(' '));
    expect(guard.observe()).toBe(command === 'flush ruleset' ? undefined : 'other');
    await ensure('10.0.0.60');
    expect(guard.observe()).toMatchObject(planned('10.0.0.60'));
    await guard.remove();
    await guard.remove();
    expect(guard.observe()).toBeUndefined();
    expect(reaches(container, '10.0.0.60')).toBe(true);
  });

  it('is written as people would write it', async () => {
    await ensure('10.0.0.60');
    const listing = inside(host, 'nft', 'list', 'table', 'ip', 'tsoverlay-consul');
    expect(listing).toContain('type filter hook prerouting priority mangle; policy accept;');
    expect(listing).toMatch(/iifname @bridges tcp dport 8500 ip daddr 10\.0\.0\.60 counter packets 0 bytes 0 drop/);
    expect(listing).toMatch(/iifname @bridges tcp dport 8500 fib daddr type local counter packets 0 bytes 0 drop/);
    for (const bridge of BRIDGES) expect(listing).toContain(`"${bridge}"`);
  });
});
