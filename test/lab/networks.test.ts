/** Networks come and go everywhere, however they were made; what clashes is refused with one sentence. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from './lab.js';
import { NEWEST } from './tours.js';
import { within } from './waiting.js';

describe.each(NEWEST)('networks on %s', (engine) => {
  let lab: Lab;
  const docker = (host: number, ...args: string[]) => lab.host(host).docker(...args);
  const refusal = async (host: number, ...args: string[]) => (await lab.host(host).engine.attempt(...args)).stderr;
  const names = async (host: number) =>
    (await docker(host, 'network', 'ls', '--filter', 'driver=tsoverlay', '--format', '{{.Name}}'))
      .split('\n')
      .filter(Boolean);
  const both = (what: string, holds: (names: readonly string[]) => boolean) =>
    within(1_000, what, async () => holds(await names(1)) && holds(await names(2)));

  beforeAll(async () => {
    lab = await Lab.boot({ engine });
  });
  afterAll(() => lab?.down());
  afterEach(async () => {
    for (const host of [1, 2])
      for (const name of await names(host)) await lab.host(host).engine.attempt('network', 'rm', name);
    await both('no network is left', (n) => n.length === 0);
    const kept = (await lab.consul.keys('tsoverlay/')).filter(
      (k) => !/^tsoverlay\/(nodes\/|cluster$|pool-guard$)/.test(k),
    );
    expect(kept).toEqual([]);
  });

  it('appear on the other host within a second, and go when removed there', async () => {
    await docker(
      1,
      'network',
      'create',
      '-d',
      'tsoverlay',
      '--ipam-driver',
      'tsoverlay',
      '--subnet',
      '172.16.1.0/24',
      'one',
    );
    await both('both hosts have it', (n) => n.includes('one'));
    await docker(2, 'network', 'rm', 'one');
    await both('no host has it', (n) => !n.includes('one'));
  });

  it('carry their labels and flags along, but not the hash of Compose', async () => {
    const labels = ['--label', 'team=blue', '--label', 'com.docker.compose.config-hash=1', '--internal'];
    await docker(
      1,
      'network',
      'create',
      '-d',
      'tsoverlay',
      '--ipam-driver',
      'tsoverlay',
      '--subnet',
      '172.16.1.0/24',
      ...labels,
      'one',
    );
    await both('both hosts have it', (n) => n.includes('one'));
    const found = await docker(2, 'network', 'inspect', '--format', '{{json .Labels}} {{.Internal}}', 'one');
    expect(found).toBe('{"team":"blue"} true');
  });

  it('stay while another host uses them, and come back where they were removed', async () => {
    await docker(
      1,
      'network',
      'create',
      '-d',
      'tsoverlay',
      '--ipam-driver',
      'tsoverlay',
      '--subnet',
      '172.16.1.0/24',
      'one',
    );
    await both('both hosts have it', (n) => n.includes('one'));
    await docker(1, 'run', '-d', '--name', 'user1', '--net', 'one', 'busybox', 'sleep', 'infinity');
    await docker(2, 'network', 'rm', 'one');
    await both('it is back', (n) => n.includes('one'));
    await docker(2, 'run', '--rm', '--net', 'one', 'busybox', 'ping', '-c1', '-W1', 'user1');
    await docker(1, 'rm', '-f', 'user1');
  });

  it('without --ipam-driver: claimed all the same, from below on the creator, from above elsewhere', async () => {
    await docker(
      1,
      'network',
      'create',
      '-d',
      'tsoverlay',
      '--subnet',
      '172.16.3.0/24',
      '--gateway',
      '172.16.3.254',
      'plain',
    );
    await both('both hosts have it', (n) => n.includes('plain'));
    const address = (host: number, name: string) =>
      docker(host, 'inspect', '--format', '{{.NetworkSettings.Networks.plain.IPAddress}}', name);
    await docker(1, 'run', '-d', '--name', 'low1', '--net', 'plain', 'busybox', 'sleep', 'infinity');
    await docker(2, 'run', '-d', '--name', 'high1', '--net', 'plain', 'busybox', 'sleep', 'infinity');
    expect([await address(1, 'low1'), await address(2, 'high1')]).toEqual(['172.16.3.1', '172.16.3.253']);
    await docker(1, 'exec', 'low1', 'ping', '-c1', '-W1', 'high1');

    const clash = await refusal(1, 'run', '--rm', '--net', 'plain', '--ip', '172.16.3.253', 'busybox', 'true');
    expect(clash).toContain('address 172.16.3.253 is already held by container high1 on host docker02');
    expect(clash).toContain('--ipam-driver tsoverlay');
    await docker(1, 'rm', '-f', 'low1');
    await docker(2, 'rm', '-f', 'high1');
  });

  it('without --subnet get one that overlaps no network, no route and no address of any host', async () => {
    await docker(1, 'network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', 'auto1');
    await docker(2, 'network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', 'auto2');
    const subnet = (name: string) =>
      docker(1, 'network', 'inspect', '--format', '{{(index .IPAM.Config 0).Subnet}}', name);
    await both('both hosts have both', (n) => n.includes('auto1') && n.includes('auto2'));
    // The underlay of the lab is 10.0.0.0/24.
    expect([await subnet('auto1'), await subnet('auto2')]).toEqual(['10.0.1.0/24', '10.0.2.0/24']);
  });

  it('are refused when their subnet overlaps another network or the underlay', async () => {
    await docker(
      1,
      'network',
      'create',
      '-d',
      'tsoverlay',
      '--ipam-driver',
      'tsoverlay',
      '--subnet',
      '172.16.1.0/24',
      'one',
    );
    await both('both hosts have it', (n) => n.includes('one'));
    const create = (...args: string[]) => refusal(2, 'network', 'create', '-d', 'tsoverlay', ...args, 'two');
    expect(await create('--ipam-driver', 'tsoverlay', '--subnet', '172.16.0.0/16')).toContain(
      'subnet 172.16.0.0/16 overlaps 172.16.1.0/24 of network one of the cluster; choose another --subnet',
    );
    // The engine's own IPAM knows the mirror's subnet only as a route that is not there: we are the ones to refuse.
    expect(await create('--subnet', '172.16.1.128/25')).toContain('overlaps 172.16.1.0/24 of network one');
    expect(await create('--ipam-driver', 'tsoverlay', '--subnet', '10.0.0.0/16')).toContain(
      'subnet 10.0.0.0/16 contains 10.0.0.60, the address of host docker01',
    );
    expect(await names(2)).toEqual(['one']);
  });

  it('take their MTU from the user as dockerd did: the underlay to reckon with', async () => {
    const options = ['-o', 'com.docker.network.driver.mtu=1400'];
    await docker(
      1,
      'network',
      'create',
      '-d',
      'tsoverlay',
      '--ipam-driver',
      'tsoverlay',
      '--subnet',
      '172.16.1.0/24',
      ...options,
      'one',
    );
    await both('both hosts have it', (n) => n.includes('one'));
    const seen = await docker(2, 'run', '--rm', '--net', 'one', 'busybox', 'cat', '/sys/class/net/eth0/mtu');
    expect(seen).toBe('1350');
  });
});

it('take their MTU from a jumbo underlay, and docker_gwbridge fits it', async () => {
  const lab = await Lab.boot({ mtu: 9000 });
  try {
    const host = lab.host(1);
    await host.docker(
      'network',
      'create',
      '-d',
      'tsoverlay',
      '--ipam-driver',
      'tsoverlay',
      '--subnet',
      '172.16.1.0/24',
      'one',
    );
    await host.docker('run', '-d', '--name', 'jumbo1', '--net', 'one', 'busybox', 'sleep', 'infinity');
    expect(await host.docker('exec', 'jumbo1', 'cat', '/sys/class/net/eth0/mtu')).toBe('8950');
    await within(
      2_000,
      'docker_gwbridge has the MTU of the underlay',
      async () => (await host.run('cat', '/sys/class/net/docker_gwbridge/mtu')) === '9000',
    );
  } finally {
    await lab.down();
  }
});
