/** Static addresses and MAC addresses, on every engine. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ENGINE_VERSIONS } from '../cache.js';
import { OURS, Site } from './site.js';

const SUPPORTED = ENGINE_VERSIONS.filter((v) => v !== '20.10.5');

describe.each(SUPPORTED)('addresses on %s', (engine) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.boot({ engine });
  });
  afterAll(() => site?.lab.down());
  afterEach(() => site.clear());

  const network = () => site.network('one', `${OURS} --subnet 172.16.1.0/24 --gateway 172.16.1.254`);
  const mac = (host: number, name: string) => site.exec(host, name, 'cat /sys/class/net/eth0/address');

  it('are what the user says, at run and at connect', async () => {
    await network();
    await site.run(1, 'r1', '--net one --ip 172.16.1.77');
    await site.run(2, 'r2', '--net none');
    await site.docker(2, 'network disconnect none r2');
    await site.docker(2, 'network connect --ip 172.16.1.99 one r2');
    expect(await site.address(1, 'r1', 'one')).toBe('172.16.1.77');
    expect(await site.address(2, 'r2', 'one')).toBe('172.16.1.99');
    expect([await site.ping(1, 'r1', '172.16.1.99'), await site.ping(2, 'r2', 'r1')]).toEqual([true, true]);
  });

  it('can be had again right after rm -f, here and on the other host', async () => {
    await network();
    await site.run(2, 'peer', '--net one');
    for (const [host, options] of [
      [1, ''],
      [1, ''],
      [2, ''],
      [1, ''],
    ] as const) {
      await site.run(host, 'static', `--net one --ip 172.16.1.50 ${options}`);
      expect(await site.ping(2, 'peer', '172.16.1.50')).toBe(true);
      expect(await site.ping(2, 'peer', 'static')).toBe(true);
      await site.docker(host, 'rm -f static');
    }
    // Another MAC is found as on any Ethernet: by whoever asks anew.
    await site.run(1, 'static', '--net one --ip 172.16.1.50 --mac-address 02:42:de:ad:be:ef');
    await site.run(2, 'newcomer', '--net one');
    expect(await site.ping(2, 'newcomer', 'static')).toBe(true);
  });

  it('have the MAC that belongs to them, or the user chose, and keep it over a restart', async () => {
    await network();
    await site.run(1, 'm1', '--net one --ip 172.16.1.9');
    await site.run(2, 'm2', '--net one --mac-address 02:aa:00:00:00:07');
    expect(await mac(1, 'm1')).toBe('02:42:ac:10:01:09');
    expect(await mac(2, 'm2')).toBe('02:aa:00:00:00:07');
    expect(await site.address(2, 'm2', 'one', 'MacAddress')).toBe('02:aa:00:00:00:07');
    expect([await site.ping(1, 'm1', 'm2'), await site.ping(2, 'm2', 'm1')]).toEqual([true, true]);
    await site.docker(2, 'restart -t 0 m2');
    await site.docker(1, 'restart -t 0 m1');
    expect(await mac(2, 'm2')).toBe('02:aa:00:00:00:07');
    expect(await site.address(1, 'm1', 'one')).toBe('172.16.1.9');
    expect([await site.ping(1, 'm1', 'm2'), await site.ping(2, 'm2', 'm1')]).toEqual([true, true]);
  });

  it('with a MAC that another container has, or none can have, are refused', async () => {
    await network();
    await site.run(1, 'owner', '--net one --mac-address 02:aa:00:00:00:07');
    expect(await site.refusal(2, 'run --rm --net one --mac-address 02:aa:00:00:00:07 busybox true')).toContain(
      'tsoverlay: MAC address 02:aa:00:00:00:07 is already that of container owner on host docker01; choose another',
    );
    expect(await site.refusal(2, 'run --rm --net one --mac-address 03:aa:00:00:00:07 busybox true')).toContain(
      'tsoverlay: "03:aa:00:00:00:07" is no MAC address of one card',
    );
    expect(await site.lab.consul.keys('tsoverlay/addresses/172.16.1.0-24/')).toHaveLength(2);
  });

  it('of the link are added beside the one of the network', async () => {
    await network();
    await site.run(1, 'l1', '--net one --link-local-ip 169.254.7.7');
    expect(await site.exec(1, 'l1', 'ip addr show eth0')).toMatch(/inet 169\.254\.7\.7\/\d+ /);
    await site.run(1, 'l2', '--net one --link-local-ip 169.254.7.8');
    expect(await site.ping(1, 'l1', '169.254.7.8')).toBe(true);
  });
});
