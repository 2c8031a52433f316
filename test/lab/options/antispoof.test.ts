/**
 * Whether a container can pass for another: with the capabilities that Docker gives to all (CAP_NET_RAW among them) and
 * with CAP_NET_ADMIN, against victims on its own host and on another, on a network that holds containers to their
 * addresses and on one that does not.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { within } from '../waiting.js';
import { Scene } from './impostor.js';
import { lines, OURS, Site } from './site.js';

const ON = '-o tsoverlay.antispoof=on';

let site: Site;
/** Its namespace has the same name on all hosts. */
const namespace = async (network: string) => {
  const shown = JSON.parse(await site.docker(1, `network inspect ${network}`)) as [
    { readonly Id: string; readonly Options: Readonly<Record<string, string>> | null },
  ];
  return `/run/docker/netns/1-${(shown[0].Options?.['tsoverlay.network'] ?? shown[0].Id).slice(0, 10)}`;
};
const tables = async (host: number, path: string) =>
  lines(await site.lab.host(host).run('nsenter', `--net=${path}`, 'nft', 'list', 'tables'));
const log = (host: number) => readFile(site.lab.host(host).plugin.log(), 'utf8');

describe.each(['28.5.2', '26.1.5'] as const)('on %s', (engine) => {
  let lax: Scene;
  let strict: Scene;

  beforeAll(async () => {
    site = await Site.boot({ engine });
    lax = new Scene(site, 'lax', 2);
    strict = new Scene(site, 'strict', 3);
    await lax.up('');
    await strict.up(ON);
  });
  afterAll(() => site?.lab.down());

  it('a network without the option has no rules, and the attacks work', async () => {
    for (const host of [1, 2]) expect(await tables(host, await namespace('lax'))).toEqual([]);
    expect(await lax.poisoned()).toEqual({ gateway4: true, far4: true, gateway6: true, far6: true });
    expect(await lax.heard()).toEqual([4, 4, 4, 4]);
    expect(await lax.taken()).toBe(true);
  });

  it('with it each port on both hosts has rules, and none of the attacks works', async () => {
    const path = await namespace('strict');
    expect(await tables(1, path)).toHaveLength(3);
    expect(await tables(2, path)).toHaveLength(1);
    expect(await strict.poisoned()).toEqual({ gateway4: false, far4: false, gateway6: false, far6: false });
    expect(await strict.heard()).toEqual([1, 1, 1, 1]);
    expect(await strict.taken()).toBe(false);
    expect(await strict.stolenMac()).toEqual({ reachesFar: true, thiefTalks: false });
    const listing = await site.lab.host(1).run('nsenter', `--net=${path}`, 'nft', 'list', 'ruleset');
    expect(listing).toMatch(/counter packets [1-9]\d* bytes \d+ drop/);
  });

  it('what is honest works: names, both families, large packets, published ports, several networks', async () => {
    const pings = [
      [1, 'victim-strict', 'far-strict'],
      [2, 'far-strict', 'attacker-strict'],
      [1, 'victim-strict', `-s 4000 ${strict.ip4(13)}`],
      [1, 'victim-strict', `-s 4000 ${strict.ip6(13)}`],
      [2, 'far-strict', strict.ip6(12)],
      [2, 'far-strict', strict.ip4(1)],
    ] as const;
    for (const [host, from, to] of pings) expect([from, to, await site.ping(host, from, to)]).toEqual([from, to, true]);
    await site.docker(1, 'run -d --name web --hostname web --net strict -p 8080:80 busybox httpd -f -h /etc -p 80');
    const get = `exec 3<>/dev/tcp/${site.lab.host(1).address}/8080; printf 'GET /hostname HTTP/1.0\\r\\n\\r\\n' >&3; tail -n1 <&3`;
    const fetch = () => site.lab.host(2).host.attempt('timeout', '3', 'bash', '-c', get);
    await within(10_000, 'the published port answers', async () => (await fetch()).stdout === 'web');
    const inside = (from: string) => site.exec(2, from, 'wget -q -O - http://web/hostname');
    expect(await inside('far-strict')).toBe('web');
    await site.docker(1, 'network connect lax web');
    expect([await inside('far-lax'), await inside('far-strict')]).toEqual(['web', 'web']);
    await site.docker(1, 'rm -f web');
    await within(
      5_000,
      'its rules went with it',
      async () => (await tables(1, await namespace('strict'))).length === 3,
    );
  });

  it('--link-local-ip is its own too', async () => {
    await site.run(1, 'near1', '--net strict --link-local-ip 169.254.7.7');
    await site.run(1, 'near2', '--net strict --link-local-ip 169.254.7.8');
    await within(5_000, 'they reach each other', () => site.ping(1, 'near1', '169.254.7.8'));
    await site.docker(1, 'rm -f near1 near2');
  });

  it('a restart of the plugin costs no packet, and changes no rule', async () => {
    const path = await namespace('strict');
    const handles = async () =>
      (await site.lab.host(1).run('nsenter', `--net=${path}`, 'nft', '-a', 'list', 'ruleset')).replace(
        /packets \d+ bytes \d+/g,
        '',
      );
    const before = await handles();
    const told = (await log(1)).length;
    await site.docker(1, `exec -d victim-strict sh -c 'ping -i 0.1 -c 100 ${strict.ip4(13)} >/tmp/pings 2>&1'`);
    await sleep(1_000);
    await site.lab.host(1).plugin.restart();
    const done = async () => (await site.exec(1, 'victim-strict', 'cat /tmp/pings')).includes('packet loss');
    await within(30_000, 'all pings are sent', done);
    expect(await site.exec(1, 'victim-strict', 'cat /tmp/pings')).toContain(' 0% packet loss');
    // Nothing was made anew.
    expect((await log(1)).slice(told).match(/"(replace|remove)Filter".*/g)).toBeNull();
    expect(await handles()).toBe(before);
  });

  it.each(['flush ruleset', 'delete table netdev tsoverlay-veth0', 'flush table netdev tsoverlay-veth1'])(
    'nft %s by hand is mended within seconds, and the log says so',
    async (command) => {
      const path = await namespace('strict');
      const nft = (...words: string[]) => site.lab.host(1).run('nsenter', `--net=${path}`, 'nft', ...words);
      const rules = async () =>
        lines(await nft('list', 'ruleset')).filter((l) => / (accept|goto .*|drop)$/.test(l)).length;
      const [wanted, told] = [await rules(), (await log(1)).split('repaired').length];
      await nft(...command.split(' '));
      const mended = async () => (await log(1)).split('repaired').length > told;
      await within(5_000, 'they are back', async () => (await mended()) && (await rules()) === wanted);
      expect(await log(1)).toContain("repaired a network's namespace: replaceFilter");
    },
  );

  it('a port that somebody deletes comes back with its rules', async () => {
    const path = await namespace('strict');
    const links = await site.lab.host(2).run('nsenter', `--net=${path}`, 'ip', '-br', 'link', 'show', 'type', 'veth');
    const port = /^(veth\d+)/.exec(links)?.[1] ?? '';
    await site.lab.host(2).run('nsenter', `--net=${path}`, 'ip', 'link', 'delete', port);
    await within(10_000, 'it answers again', () => site.ping(1, 'victim-strict', strict.ip4(13)));
    expect(await tables(2, path)).toEqual([`table netdev tsoverlay-${port}`]);
  });

  it('is the same on every host: mirrors carry the option, and a container started anywhere is held', async () => {
    const option = 'network inspect --format \'{{index .Options "tsoverlay.antispoof"}}\' strict';
    expect([await site.docker(1, option), await site.docker(2, option)]).toEqual(['on', 'on']);
    expect(await site.refusal(1, `network create ${OURS} -o tsoverlay.antispoof=maybe bad`)).toContain(
      'tsoverlay: tsoverlay.antispoof is "maybe"; it must be on or off',
    );
  });

  it('ANTISPOOF=on is the default of networks that the host creates, and of them alone', async () => {
    await site.lab.host(1).plugin.restart({ ANTISPOOF: 'on' });
    await site.network('implied', `${OURS} --subnet 172.16.5.0/24`);
    await site.network('refused', `${OURS} --subnet 172.16.6.0/24 -o tsoverlay.antispoof=off`);
    await site.docker(2, `network create ${OURS} --subnet 172.16.7.0/24 elsewhere`);
    await site.has(1, 'elsewhere');
    for (const [name, count] of [
      ['implied', 1],
      ['refused', 0],
      ['elsewhere', 0],
    ] as const)
      for (const host of [1, 2]) {
        await site.run(host, `${name}${host}`, `--net ${name}`);
        expect([name, host, (await tables(host, await namespace(name))).length]).toEqual([name, host, count]);
      }
    expect(await site.ping(1, 'implied1', 'implied2')).toBe(true);
    // The default changes nothing of the networks that there are.
    await site.lab.host(1).plugin.restart();
    await sleep(3_000);
    expect(await tables(1, await namespace('implied'))).toHaveLength(1);
  });
});
