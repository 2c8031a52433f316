/** Reloads of a firewall under running containers: firewalld's own, and a flush by somebody whom the engine never hears of. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINE_VERSIONS, fillFirewalld } from '../cache.js';
import { Firewalld } from '../firewalld.js';
import { OUTSIDE } from '../lan.js';
import { within } from '../waiting.js';
import { OURS, Site } from './site.js';

const SUPPORTED = ENGINE_VERSIONS.filter((v) => v !== '20.10.5');

describe.each(SUPPORTED)('a firewall beside %s', (engine) => {
  let site: Site;
  let firewalld: Firewalld;
  beforeAll(async () => {
    await fillFirewalld(() => {});
    site = await Site.boot({ engine, plugin: false });
    const [first, second] = [site.lab.host(1), site.lab.host(2)];
    firewalld = new Firewalld(first.host);
    // What an administrator opens for tsoverlay, and for the lab's Consul.
    await firewalld.start(['4789/udp', '8500/tcp']);
    // It tells the engine of reloads only when it was there first, as it is at every boot.
    await first.engine.restart();
    await Promise.all([first.plugin.start(), second.plugin.start()]);
    await site.network('one', `${OURS} --subnet 172.16.1.0/24`);
    await site.docker(1, 'run -d --name web --hostname web -p 8080:80 --net one busybox httpd -f -h /etc -p 80');
    await site.run(2, 'far', '--net one');
  });
  afterAll(() => site?.lab.down());

  const across = async () => [await site.ping(1, 'web', 'far'), await site.ping(2, 'far', 'web')];
  const out = () => site.ping(1, 'web', OUTSIDE);
  const published = async () => {
    const get = "exec 3<>/dev/tcp/10.0.0.60/8080; printf 'GET /hostname HTTP/1.0\\r\\n\\r\\n' >&3; tail -n1 <&3";
    return (await site.lab.host(2).host.attempt('timeout', '3', 'bash', '-c', get)).stdout === 'web';
  };
  const guarded = async () => {
    const { stdout } = await site.lab.host(1).host.attempt('nft', 'list', 'table', 'ip', 'tsoverlay-guard');
    return ['input', 'prerouting', 'forward', 'output'].every((chain) =>
      new RegExp(`chain ${chain} [^}]* drop`).test(stdout),
    );
  };

  it.each(['--reload', '--complete-reload'])('firewall-cmd %s leaves everything working', async (reload) => {
    expect([await out(), await published()]).toEqual([true, true]);
    await firewalld.command(reload);
    expect(await across()).toEqual([true, true]);
    await within(5_000, 'the way out is back', out);
    await within(5_000, 'published ports are back', published);
    await within(5_000, 'the guard stands', guarded);
  });

  it("somebody's flush leaves the network itself alone; the rest is back when firewalld reloads", async () => {
    const first = site.lab.host(1);
    for (const table of ['filter', 'nat']) await first.run('iptables', '-t', table, '-F');
    expect(await across()).toEqual([true, true]);
    expect(await out()).toBe(false);
    await firewalld.command('--reload');
    await within(5_000, 'the way out is back', out);
    await within(5_000, 'published ports are back', published);
    // Firewalld itself does not survive this one: the last test.
    await first.run('nft', 'flush', 'ruleset');
    expect(await across()).toEqual([true, true]);
    await within(5_000, 'the guard stands', guarded);
  });
});
