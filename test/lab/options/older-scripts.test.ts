/** What the test scripts of libnetwork's own overlay driver did, as docker commands, on every engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINE_VERSIONS } from '../cache.js';
import { OUTSIDE } from '../lan.js';
import { within } from '../waiting.js';
import { OURS, Site } from './site.js';

const SUPPORTED = ENGINE_VERSIONS.filter((v) => v !== '20.10.5');

describe.each(SUPPORTED)("an older driver's scripts on %s", (engine) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.boot({ engine });
    await site.network('multihost', OURS);
    for (const [host, name] of CONTAINERS) await site.run(host, name, '--net multihost --restart always');
  });
  afterAll(() => site?.lab.down());

  const CONTAINERS = [
    [1, 'container_0'],
    [2, 'container_1'],
    [1, 'container_2'],
    [2, 'container_3'],
  ] as const;

  /** Everybody reaches everybody by name, and the outside. */
  const allReachAll = async () => {
    const failures: string[] = [];
    for (const [host, from] of CONTAINERS)
      for (const to of [...CONTAINERS.map(([, name]) => name), OUTSIDE])
        if (to !== from && !(await site.ping(host, from, to))) failures.push(`${from} to ${to}`);
    return failures;
  };

  it('everybody reaches everybody and the outside, and a second network of the name is refused', async () => {
    expect(await allReachAll()).toEqual([]);
    expect(await site.refusal(2, `network create ${OURS} multihost`)).toContain('already exists');
    expect(await site.refusal(1, 'network rm multihost')).toContain('has active endpoints');
    const id = await site.docker(2, 'network inspect --format {{.Id}} multihost');
    await site.docker(2, `run --rm --net ${id} busybox ping -c1 -W2 container_0`);
    await site.docker(2, `run --rm --net ${id.slice(0, 12)} busybox ping -c1 -W2 container_2`);
  });

  it('bridge networks come and go beside it', async () => {
    for (const name of ['br1', 'br2']) await site.docker(1, `network create ${name}`);
    for (const name of ['br1', 'br2']) await site.docker(1, `network connect ${name} container_0`);
    expect(await site.ping(1, 'container_0', OUTSIDE)).toBe(true);
    for (const name of ['br1', 'br2']) await site.docker(1, `network disconnect ${name} container_0`);
    for (const name of ['br1', 'br2']) await site.docker(1, `network rm ${name}`);
    expect([await site.ping(1, 'container_0', OUTSIDE), await site.ping(1, 'container_0', 'container_3')]).toEqual([
      true,
      true,
    ]);
  });

  it('who is disconnected reaches nobody, and all when connected again, over and over', async () => {
    for (let i = 0; i < 5; i++) {
      await site.docker(1, 'network disconnect multihost container_0');
      expect(await site.ping(1, 'container_0', OUTSIDE)).toBe(false);
      expect(await site.exec(1, 'container_0', 'ip route')).toBe('');
      await site.docker(1, `network connect --alias round${i} multihost container_0`);
      await within(2_000, 'its new alias answers', () => site.ping(2, 'container_1', `round${i}`));
      expect(await site.lookUp(2, 'container_1', `round${i - 1}`)).toEqual([]);
    }
    await site.docker(1, 'network disconnect -f multihost container_0');
    await site.docker(1, 'network connect multihost container_0');
    expect(await allReachAll()).toEqual([]);
  });

  it('networks are created and removed in a loop, on both hosts in turn', async () => {
    for (let i = 0; i < 10; i++) {
      const [host, other] = i % 2 === 0 ? [1, 2] : [2, 1];
      await site.docker(host, `network create ${OURS} --subnet 172.16.77.0/24 again`);
      await site.has(other, 'again');
      await site.docker(other, 'network rm again');
      await within(2_000, 'it is gone', async () => !(await site.networks(host)).includes('again'));
    }
  });

  it("a container of the host's own network reaches a published port, and none of the overlay's frames leak", async () => {
    await site.docker(2, 'run -d --name pub --hostname pub -p 8081:80 --net multihost busybox httpd -f -h /etc -p 80');
    await site.run(1, 'hostmode', '--net host');
    const get = 'wget -q -O - http://10.0.0.61:8081/hostname';
    expect(await site.exec(1, 'hostmode', get)).toBe('pub');
    expect(await site.exec(1, 'container_0', get)).toBe('pub');
    const sniff = (what: string) =>
      site.lab.host(1).host.attempt('timeout', '4', 'tcpdump', '-lnqti', 'eth0', ...what.split(' '));
    const sniffing = Promise.all([sniff('udp port 4789'), sniff('icmp or arp net 10.0.1.0/24')]);
    await site.exec(1, 'container_0', 'ping -c20 -i 0.2 -W1 container_1');
    // The neighbour entry of an address that nobody has is missing: that frame must not go out as it is either.
    expect(await site.ping(1, 'container_0', '10.0.1.250')).toBe(false);
    const [wrapped, bare] = await sniffing;
    expect(wrapped.stdout).toContain('10.0.0.61.4789: ');
    expect(bare.stdout).toBe('');
    for (const [where, name] of [
      [1, 'hostmode'],
      [2, 'pub'],
    ] as const)
      await site.docker(where, `rm -f ${name}`);
  });

  it('daemons are restarted one after the other, and killed', async () => {
    for (const how of ['restart', 'kill'] as const)
      for (const { engine: daemon } of site.lab.hosts) {
        if (how === 'restart') await daemon.restart();
        else {
          await daemon.kill();
          await daemon.start();
        }
        await within(10_000, 'everybody reaches everybody', async () => (await allReachAll()).length === 0);
      }
    await site.clear();
  });

  it('with nothing but the driver named: containers of both hosts and the outside are reached', async () => {
    await site.network('typed', '-d tsoverlay');
    await site.run(1, 'typed1', '--net typed');
    await site.run(2, 'typed2', '--net typed');
    for (const [host, from, to] of [
      [1, 'typed1', 'typed2'],
      [2, 'typed2', 'typed1'],
      [2, 'typed2', OUTSIDE],
    ] as const)
      expect(await site.ping(host, from, to), `${from} to ${to}`).toBe(true);
    await site.docker(1, 'rm -f typed1');
    await site.docker(2, 'rm -f typed2');
    await site.docker(1, 'network rm typed');
  });
});
