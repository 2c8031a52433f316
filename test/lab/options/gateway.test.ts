/** `tsoverlay.gateway=overlay`: one card for all, the world by the network's own gateway, and nothing in by it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OUTSIDE } from '../lan.js';
import { SUPPORTED } from '../tours.js';
import { within } from '../waiting.js';
import { OURS, Site } from './site.js';

const ONE_CARD = '-o tsoverlay.gateway=overlay';

describe.each(SUPPORTED)('a network that is its own gateway, on %s', (engine) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.boot({ engine });
  });
  afterAll(() => site?.lab.down());

  const out = (host: number, name: string) => within(5_000, `${name} is out`, () => site.ping(host, name, OUTSIDE));
  const cards = async (host: number, name: string) => {
    const shown = await site.exec(host, name, 'ip -o link show');
    return [...shown.matchAll(/^\d+: ([^:@]+)/gm)].map(([, card]) => card);
  };

  it('gives containers one card, by which they reach each other, names and the outside', async () => {
    await site.network('single', `${OURS} ${ONE_CARD} --subnet 172.16.31.0/24`);
    for (const host of [1, 2]) await site.run(host, `s${host}`, '--net single');
    for (const [host, name, other] of [
      [1, 's1', 's2'],
      [2, 's2', 's1'],
    ] as const) {
      expect(await cards(host, name)).toEqual(['lo', 'eth0']);
      expect(await site.exec(host, name, 'ip route show default')).toContain('via 172.16.31.1 dev eth0');
      expect(await site.ping(host, name, other)).toBe(true);
      await out(host, name);
    }
  });

  it('does so without a subnet, and beside a network with docker_gwbridge', async () => {
    await site.network('chosen', `${OURS} ${ONE_CARD}`);
    await site.network('plain', `${OURS} --subnet 172.16.32.0/24`);
    await site.run(1, 'c1', '--net chosen');
    await site.run(1, 'p1', '--net plain');
    expect([await cards(1, 'c1'), await cards(1, 'p1')]).toEqual([
      ['lo', 'eth0'],
      ['lo', 'eth0', 'eth1'],
    ]);
    await out(1, 'c1');
    await out(1, 'p1');
    expect(await site.ping(1, 'c1', 's1')).toBe(false);
  });

  it('refuses published ports, in one sentence, and leaves nothing', async () => {
    const words = 'network single has tsoverlay.gateway=overlay, by which no port of the host leads in; leave out -p';
    expect(await site.refusal(1, 'run --rm --net single -p 8099:80 busybox true')).toContain(words);
    await site.docker(1, 'run --rm --net single --expose 80 busybox true');
  });

  it.each([
    ['-o tsoverlay.gateway=yes', 'tsoverlay.gateway is "yes"; it must be overlay'],
    [`${ONE_CARD} --internal`, 'an internal network has none; leave one out'],
  ])('refuses %s', async (options, words) => {
    expect(await site.refusal(1, `network create ${OURS} ${options} --subnet 172.16.33.0/24 wrong`)).toContain(words);
    expect(await site.docker(1, 'network ls --format {{.Name}}')).not.toContain('wrong');
  });

  it('goes on while tsoverlay is killed, the ruleset flushed and the engine restarted', async () => {
    await site.docker(1, 'run -d --name always --restart always --net single busybox sleep infinity');
    await out(1, 'always');
    const { plugin, engine: dockerd } = site.lab.host(1);
    await plugin.kill();
    await out(1, 'always');
    await plugin.start();
    await site.lab.host(1).run('nft', 'flush', 'ruleset');
    await dockerd.restart();
    await within(20_000, 'it is out again', () => site.ping(1, 'always', OUTSIDE));
    await within(5_000, 'and across', () => site.ping(1, 'always', 's2'));
  });

  it('leaves nothing on the host once the last such network is gone', async () => {
    await site.clear();
    await within(10_000, 'address and rules are gone', async () => {
      const host = site.lab.host(1);
      const shown = `${await host.run('ip', 'address', 'show', 'docker_gwbridge')}${await host.run('nft', 'list', 'tables')}`;
      return !/198\.18|tsoverlay-uplink/.test(shown);
    });
  });
});
