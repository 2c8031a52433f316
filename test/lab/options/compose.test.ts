/** Compose files on two hosts: a network that is there already, and one that both hosts bring up. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { COMPOSE_VERSIONS, fillCompose } from '../cache.js';
import type { Outcome } from '../command.js';
import { compose } from '../compose.js';
import { within } from '../waiting.js';
import { OURS, Site } from './site.js';

const SERVICES = `
services:
  web:
    image: busybox
    command: sleep infinity
    networks: [app]
  api:
    image: busybox
    command: sleep infinity
    deploy: { replicas: 2 }
    networks: [app]
  db:
    image: busybox
    command: sleep infinity
    networks: { app: { ipv4_address: 172.16.9.200, aliases: [database] } }
`;
const EXTERNAL = `${SERVICES}
networks:
  app: { external: true, name: shared }
`;
const OWN = `${SERVICES}
networks:
  app:
    driver: tsoverlay
    ipam:
      driver: tsoverlay
      config: [{ subnet: 172.16.9.0/24, gateway: 172.16.9.254 }]
`;

describe.each(COMPOSE_VERSIONS)('Compose %s', (version) => {
  let site: Site;
  beforeAll(async () => {
    await fillCompose([version], () => {});
    site = await Site.boot({ engine: version === '2.26.1' ? '26.1.5' : '28.5.2' });
  });
  afterAll(() => site?.lab.down());
  afterEach(() => site.clear());

  const onHost = (host: number, file: string, ...args: string[]): Promise<Outcome> =>
    compose(site.lab.host(host), version, file, ...args);
  const up = async (host: number, file: string, ...services: string[]) => {
    const outcome = await onHost(host, file, 'up', '-d', '--pull', 'never', '--no-deps', ...services);
    expect(outcome.ok, outcome.stderr).toBe(true);
    return outcome.stderr;
  };
  const web = 'shop-web-1';

  async function talks(): Promise<void> {
    for (const name of ['db', 'database', 'api', 'shop-api-1'])
      await within(2_000, `${name} answers`, () => site.ping(2, web, name));
    expect(await site.lookUp(2, web, 'db')).toEqual(['172.16.9.200']);
    const firsts = new Set<string>();
    for (let i = 0; i < 40 && firsts.size < 2; i++) firsts.add((await site.lookUp(2, web, 'api'))[0] ?? '');
    expect(firsts.size).toBe(2);
    expect(await site.lookUp(2, web, 'api')).toHaveLength(2);
  }

  it('external: services of two hosts find each other, round robin over replicas', async () => {
    await site.network('shared', `${OURS} --subnet 172.16.9.0/24`);
    const file = EXTERNAL;
    await up(1, file, 'db', 'api');
    await up(2, file, 'web');
    await talks();
    for (const host of [1, 2]) expect((await onHost(host, file, 'down', '-t', '0')).ok).toBe(true);
    expect(await site.networks(1)).toEqual(['shared']);
  });

  it('a network of the file, brought up by both, one after the other', async () => {
    const file = OWN;
    await up(1, file, 'db', 'api');
    await site.has(2, 'shop_app');
    await up(2, file, 'web');
    await talks();
    // Again, as after a change of the file: nothing is remade.
    await up(2, file, 'web');
    await up(1, file, 'db', 'api');
    await talks();
    // One host goes; the other's network stays.
    await onHost(2, file, 'down', '-t', '0');
    await site.has(2, 'shop_app');
    await up(2, file, 'web');
    await talks();
    await onHost(2, file, 'down', '-t', '0');
    expect((await onHost(1, file, 'down', '-t', '0')).ok).toBe(true);
    await within(5_000, 'the network is gone everywhere', async () => (await site.networks(2)).length === 0);
  });

  it('a network of the file, brought up by both at the same moment', async () => {
    const file = OWN;
    const all = await Promise.all([
      onHost(1, file, 'up', '-d', '--pull', 'never', '--no-deps', 'db', 'api'),
      onHost(2, file, 'up', '-d', '--pull', 'never', '--no-deps', 'web'),
    ]);
    // The later one may be refused, with the reason; then it works at the next try.
    for (const [i, outcome] of all.entries())
      if (!outcome.ok) {
        expect(outcome.stderr).toMatch(/overlaps 172\.16\.9\.0\/24|already exists|is being created/);
        await site.has(i + 1, 'shop_app');
        await up(i + 1, file, ...(i === 0 ? ['db', 'api'] : ['web']));
      }
    await talks();
    for (const host of [1, 2]) await onHost(host, file, 'down', '-t', '0');
  });
});
