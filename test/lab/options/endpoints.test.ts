/** Ways to put a container on networks: several, beside others, shared, connected live, renamed, paused, restarted. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ENGINE_VERSIONS } from '../cache.js';
import { OUTSIDE } from '../lan.js';
import { within } from '../waiting.js';
import { lines, OURS, Site } from './site.js';

const SUPPORTED = ENGINE_VERSIONS.filter((v) => v !== '20.10.5');

describe.each(SUPPORTED)('endpoints on %s', (engine) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.boot({ engine });
  });
  afterAll(() => site?.lab.down());
  afterEach(async () => {
    await site.clear();
    for (const host of [1, 2]) await site.succeeds(host, 'network rm local');
  });

  const one = () => site.network('one', `${OURS} --subnet 172.16.1.0/24`);
  const two = () => site.network('two', `${OURS} --subnet 172.16.2.0/24`);
  const defaultRoutes = async (host: number, container: string) =>
    lines(await site.exec(host, container, 'ip route')).filter((line) => line.startsWith('default'));

  it('of two networks: the names of both, one default route, and two cards', async () => {
    await one();
    await two();
    await site.run(2, 'p1', '--net one');
    await site.run(2, 'p2', '--net two');
    await site.run(1, 'both', '--net one');
    await site.docker(1, 'network connect --alias bridgehead two both');
    for (const peer of ['p1', 'p2', 'p1.one', 'p2.two'])
      expect([peer, await site.ping(1, 'both', peer)]).toEqual([peer, true]);
    expect([await site.ping(2, 'p1', 'both'), await site.ping(2, 'p2', 'both')]).toEqual([true, true]);
    await within(1_000, 'the alias resolves', () => site.ping(2, 'p2', 'bridgehead'));
    expect(await defaultRoutes(1, 'both')).toHaveLength(1);
    expect(await site.ping(1, 'both', OUTSIDE)).toBe(true);

    await site.docker(1, 'network disconnect one both');
    expect([await site.ping(1, 'both', 'p2'), await site.ping(1, 'both', 'p1')]).toEqual([true, false]);
    expect(await defaultRoutes(1, 'both')).toHaveLength(1);
    await site.docker(1, 'restart -t 0 both');
    expect([await site.ping(1, 'both', 'p2'), await site.ping(1, 'both', OUTSIDE)]).toEqual([true, true]);
  });

  it('beside a bridge network: its gateway serves, names of both resolve', async () => {
    await one();
    await site.docker(1, 'network create local');
    await site.run(2, 'far', '--net one');
    await site.run(1, 'near', '--net local');
    await site.run(1, 'mixed', '--net one');
    await site.docker(1, 'network connect local mixed');
    for (const peer of ['far', 'near', OUTSIDE])
      expect([peer, await site.ping(1, 'mixed', peer)]).toEqual([peer, true]);
    expect(await defaultRoutes(1, 'mixed')).toHaveLength(1);
    await site.docker(1, 'network disconnect local mixed');
    for (const peer of ['far', OUTSIDE]) expect([peer, await site.ping(1, 'mixed', peer)]).toEqual([peer, true]);
  });

  it('beside a macvlan network', async () => {
    await one();
    // A kernel without macvlan fails here, in the engine's words: there is nothing that could be shown on it.
    await site.docker(1, 'network create -d macvlan --subnet 10.44.0.0/24 -o parent=eth0 local');
    await site.run(2, 'far', '--net one');
    await site.run(1, 'mac1', '--net local');
    await site.docker(1, 'network connect one mac1');
    expect([await site.ping(1, 'mac1', 'far'), await site.ping(2, 'far', 'mac1')]).toEqual([true, true]);
    expect(lines(await site.exec(1, 'mac1', 'ls /sys/class/net'))).toEqual(['eth0', 'eth1', 'lo']);
    // The LAN's switch has no other port with an address of this network; the gateway is nobody's, as ever.
    expect(await defaultRoutes(1, 'mac1')).toEqual([expect.stringContaining('via 10.44.0.1')]);
  });

  it('are shared by --network container:x, with its names', async () => {
    await one();
    await site.run(2, 'far', '--net one');
    await site.run(1, 'owner', '--net one');
    await site.run(1, 'guest', '--network container:owner');
    expect(await site.exec(1, 'guest', 'cat /sys/class/net/eth0/address')).toBe(
      await site.exec(1, 'owner', 'cat /sys/class/net/eth0/address'),
    );
    expect(await site.ping(1, 'guest', 'far')).toBe(true);
  });

  it('have their links, aliases and host name', async () => {
    await one();
    await site.run(1, 'db', '--net one');
    await site.run(1, 'app', '--net one --link db:database --hostname apphost --network-alias svc');
    expect(await site.ping(1, 'app', 'database')).toBe(true);
    expect(await site.exec(1, 'app', 'hostname')).toBe('apphost');
    expect(await site.lookUp(1, 'app', 'apphost')).toEqual([await site.address(1, 'app', 'one')]);
    await site.run(2, 'far', '--net one');
    await within(1_000, 'the alias resolves', () => site.ping(2, 'far', 'svc'));
    expect(await site.ping(2, 'far', 'database')).toBe(false);
  });

  it("with --dns ask that server for all that is not the cluster's", async () => {
    await one();
    await site.run(2, 'far', '--net one');
    await site.run(1, 'asks', `--net one --dns ${OUTSIDE} --dns-search example`);
    expect(await site.lookUp(1, 'asks', 'outside.example')).toEqual([OUTSIDE]);
    expect(await site.ping(1, 'asks', 'far')).toBe(true);
    await site.run(1, 'deaf', '--net one --dns 192.0.2.1');
    expect(await site.ping(1, 'deaf', 'far')).toBe(true);
    expect(await site.lookUp(1, 'deaf', 'outside.example')).toEqual([]);
  });

  it('live through pause, rename and update, and come back by their restart policy', async () => {
    await one();
    await site.run(2, 'far', '--net one');
    await site.run(1, 'life', '--net one --restart on-failure');
    await site.docker(1, 'pause life');
    // Its kernel answers, its process does not.
    expect(await site.lookUp(2, 'far', 'life')).toHaveLength(1);
    await site.docker(1, 'unpause life');
    expect(await site.ping(2, 'far', 'life')).toBe(true);
    await site.docker(1, 'rename life alive');
    await within(1_000, 'the new name resolves', () => site.ping(2, 'far', 'alive'));
    await site
      .docker(1, 'update --restart always --memory 64m --memory-swap 64m alive')
      .catch(() => site.docker(1, 'update --restart always alive'));
    const pid = await site.docker(1, 'inspect --format {{.State.Pid}} alive');
    await site.lab.host(1).run('sh', '-c', `kill -9 ${pid}`);
    await within(
      10_000,
      'it is back',
      // An engine before 28 says "running" while it restarts.
      async () =>
        (await site.docker(1, 'inspect --format {{.State.Running}}{{.State.Restarting}}{{.RestartCount}} alive')) ===
        'truefalse1',
    );
    await within(2_000, 'it answers', () => site.ping(2, 'far', 'alive'));
  });
});

describe('gw-priority on 28', () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.boot({ engine: '28.5.2' });
  });
  afterAll(() => site?.lab.down());

  it('chooses between bridge networks as ever, with ours beside them', async () => {
    await site.network('one', `${OURS} --subnet 172.16.1.0/24`);
    await site.docker(1, 'network create --subnet 172.30.1.0/24 bridge1');
    await site.docker(1, 'network create --subnet 172.30.2.0/24 bridge2');
    await site.run(2, 'far', '--net one');
    await site.run(
      1,
      'many',
      '--network name=one,gw-priority=5 --network name=bridge1,gw-priority=1 --network name=bridge2,gw-priority=9',
    );
    expect(await site.exec(1, 'many', 'ip route')).toContain('default via 172.30.2.1');
    expect(await site.ping(1, 'many', 'far')).toBe(true);
    await site.docker(1, 'network disconnect bridge2 many');
    expect(await site.exec(1, 'many', 'ip route')).toContain('default via 172.30.1.1');
    await site.docker(1, 'rm -f many');
    for (const name of ['bridge1', 'bridge2']) await site.docker(1, `network rm ${name}`);
    await site.clear();
  });
});
