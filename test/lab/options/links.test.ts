/** `--link`, `links:` and `network connect --link` to containers of another host, beside the engine's own on a bridge. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { COMPOSE_VERSIONS, fillCompose } from '../cache.js';
import { compose } from '../compose.js';
import { ENDS } from '../tours.js';
import { within } from '../waiting.js';
import { OURS, Site } from './site.js';

const COMPOSE = COMPOSE_VERSIONS.at(-1) ?? '2.26.1';

describe.each(ENDS)('links on %s', (engine) => {
  let site: Site;
  beforeAll(async () => {
    await fillCompose([COMPOSE], () => {});
    site = await Site.boot({ engine });
    await site.docker(1, 'network create yard');
  });
  afterAll(() => site?.lab.down());
  afterEach(() => site.clear());

  const one = () => site.network('one', `${OURS} --subnet 172.16.1.0/24`);
  const finds = async (from: string, name: string, whom: readonly [number, string]) =>
    expect([name, await site.lookUp(1, from, name)]).toEqual([name, [await site.address(whom[0], whom[1], 'one')]]);

  it('lead to another host, before names, with and without the network, for this container alone', async () => {
    await one();
    for (const name of ['db1', 'db']) await site.run(2, name, '--net one');
    await site.run(1, 'app', '--net one --link db1:db --link db1:base');
    for (const name of ['db', 'db.one', 'DB', 'base', 'db1']) await finds('app', name, [2, 'db1']);
    expect(await site.ping(1, 'app', 'db')).toBe(true);
    await site.run(1, 'plain', '--net one');
    await finds('plain', 'db', [2, 'db']);
    // The yardstick.
    for (const name of ['y1', 'yy']) await site.run(1, name, '--net yard');
    await site.run(1, 'yapp', '--net yard --link y1:yy');
    expect(await site.lookUp(1, 'yapp', 'yy')).toEqual([await site.address(1, 'y1', 'yard')]);
  });

  it('hold for the very first question', async () => {
    await one();
    for (const name of ['db1', 'db']) await site.run(2, name, '--net one');
    for (let i = 0; i < 5; i++) {
      const said = await site.docker(1, 'run --rm --net one --link db1:db busybox ping -c1 -W2 db');
      expect(said).toContain(await site.address(2, 'db1', 'one'));
    }
  });

  it('wait for one that starts later, and follow it', async () => {
    await one();
    await site.run(1, 'app', '--net one --link db1:db');
    await site.run(2, 'db', '--net one');
    // As the engine: nobody else is what was linked.
    expect(await site.lookUp(1, 'app', 'db')).toEqual([]);
    await site.run(2, 'db1', '--net one');
    await within(1_000, 'the link leads there', () => site.ping(1, 'app', 'db'));
    await finds('app', 'db', [2, 'db1']);
    await site.docker(2, 'rm -f db1');
    await within(1_000, 'it leads nowhere', async () => (await site.lookUp(1, 'app', 'db')).length === 0);
    await site.run(2, 'db1', '--net one --ip 172.16.1.77');
    await within(1_000, 'it leads there again', async () => (await site.lookUp(1, 'app', 'db'))[0] === '172.16.1.77');
  });

  it('made by network connect hold at once and end with disconnect', async () => {
    await one();
    for (const name of ['db1', 'db']) await site.run(2, name, '--net one');
    await site.run(1, 'app', '--net yard');
    await site.docker(1, 'network connect --link db1:db one app');
    await finds('app', 'db', [2, 'db1']);
    await site.docker(1, 'network disconnect one app');
    await site.docker(1, 'network connect one app');
    await finds('app', 'db', [2, 'db']);
  });

  it('outlive a restart of the plugin and of the container', async () => {
    await one();
    for (const name of ['db1', 'db']) await site.run(2, name, '--net one');
    await site.run(1, 'app', '--net one --link db1:db');
    await site.lab.host(1).plugin.restart();
    await finds('app', 'db', [2, 'db1']);
    await site.docker(1, 'restart -t 0 app');
    await finds('app', 'db', [2, 'db1']);
  });

  it('of Compose (external_links, links) hold', async () => {
    await one();
    for (const name of ['db1', 'db']) await site.run(2, name, '--net one');
    const service = 'image: busybox, command: sleep infinity, networks: [one]';
    const file = `services:
  near: { ${service} }
  app: { ${service}, external_links: ["db1:db"], links: ["near:close"] }
networks:
  one: { external: true }
`;
    const { ok, stderr } = await compose(site.lab.host(1), COMPOSE, file, 'up', '-d', '--pull', 'never');
    expect(ok, stderr).toBe(true);
    await finds('shop-app-1', 'db', [2, 'db1']);
    await finds('shop-app-1', 'close', [1, 'shop-near-1']);
  });
});
