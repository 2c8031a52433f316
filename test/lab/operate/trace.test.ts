/** trace and dns on real hosts: every link broken in turn and found, with its cure tried; nothing found where all is well. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { dns } from '../../../src/cli/commands/dns.js';
import { trace } from '../../../src/cli/commands/trace.js';
import { NET, Scene } from '../faults/scene.js';
import { within } from '../waiting.js';
import { json, tsoverlay } from './operator.js';

let scene: Scene;
let far = '';
const host = (n = 1) => scene.lab.host(n);
const traced = async (...words: string[]) => trace.json.parse(await json(host(), 'trace', ...words));
const asked = async (...words: string[]) => dns.json.parse(await json(host(), 'dns', ...words));
type Traced = z.output<typeof trace.json>;
const broken = ({ links }: Traced) => links.filter(({ ok }) => !ok).map(({ link }) => link);
const inC1 = (line: string) => host().docker('exec', '--privileged', 'c1', 'sh', '-c', line);

beforeAll(async () => {
  scene = await Scene.boot({ hosts: 2, durableConsul: true });
  await scene.run(1, 'c1');
  await scene.run(1, 'near');
  far = await scene.run(2, 'far', '--network-alias', 'db');
  await within(10_000, 'names are there', () => scene.pings(1, 'c1', 'db'));
});
afterAll(() => scene?.down());

describe('while all is well', () => {
  it.each([['far'], ['db'], [`db.${NET}`], ['near']])('the way from c1 to %s has no break', async (to) => {
    const found = await traced('c1', to);
    expect(broken(found)).toEqual([]);
    expect(found.links.map(({ link }) => link)).toEqual(
      to === 'near'
        ? ['name', 'address', 'card', 'route', 'port', 'peer']
        : ['name', 'address', 'card', 'route', 'port', 'neighbour', 'fdb', 'vtep', 'guard'],
    );
    expect((await tsoverlay(host(), 'trace', 'c1', to)).status).toBe(0);
  });

  it('an address will do, and so will an id, for which no resolver is asked', async () => {
    const idOf = (n: number, name: string) => host(n).docker('inspect', '-f', '{{.Id}}', name);
    const id = await idOf(1, 'c1');
    expect(broken(await traced(id.slice(0, 12), far))).toEqual([]);
    const found = await traced('c1', (await idOf(2, 'far')).slice(0, 7));
    expect([broken(found), found.links[0]?.link]).toEqual([[], 'address']);
  });

  it('of networks that both are on it is the one by which the container is answered', async () => {
    const networks = ['aaa', 'mmm', 'zzz'];
    for (const name of networks) await scene.docker(1, 'network', 'create', '-d', 'tsoverlay', name);
    for (const name of ['both', 'pair']) {
      await scene.docker(1, 'run', '-d', '--name', name, '--net', 'zzz', 'busybox', 'sleep', '1d');
      for (const other of ['mmm', 'aaa']) await scene.docker(1, 'network', 'connect', other, name);
    }
    const isAnswered = async () => (await asked('pair', '--from', 'both')).by === 'tsoverlay';
    await within(10_000, 'the name is there', isAnswered);
    const found = await traced('both', 'pair');
    expect([found.network, broken(found)]).toEqual(['aaa', []]);
    await scene.docker(1, 'rm', '-f', 'both', 'pair');
    for (const name of networks) await scene.docker(1, 'network', 'rm', name);
  });

  it('who is elsewhere, or nowhere, is said so', async () => {
    expect((await tsoverlay(host(), 'trace', 'far', 'c1')).stderr).toContain(
      'is on host docker02 (10.0.0.61); run this command there',
    );
    expect((await tsoverlay(host(), 'trace', 'c1', 'nobody')).stderr).toContain('nobody is called "nobody" on one');
    expect((await tsoverlay(host(), 'trace', 'nobody', 'c1')).status).toBe(2);
  });

  it('dns says who answers, and why', async () => {
    expect(await asked('db', '--from', 'c1')).toMatchObject({
      by: 'tsoverlay',
      heard: [{ type: 'A', answers: [far] }, { type: 'AAAA' }],
      tsoverlay: { serving: 'yes', zones: [{ network: NET, addresses: [far] }], answers: [far] },
    });
    const { stdout, status } = await tsoverlay(host(), 'dns', 'db', '--from', 'c1');
    expect(stdout).toContain(`network one has it: ${far} ← this one answers`);
    expect(status).toBe(0);
    expect(await asked(far, '--from', 'c1')).toMatchObject({ heard: [{ type: 'PTR', answers: [`far.${NET}`] }] });
    const unknown = await tsoverlay(host(), 'dns', 'no-such-name', '--from', 'c1');
    expect(unknown.stdout).toContain('no network of the container has the name');
    expect(unknown.status).toBe(1);
  });
});

/** With the plugin dead, for else it is mended before anybody looks. */
describe('each link that is broken is found', () => {
  const device = (line: string) => scene.inside(1, line);
  const mac = () => host(2).docker('inspect', '-f', `{{.NetworkSettings.Networks.${NET}.MacAddress}}`, 'far');

  it.each<[string, string, () => Promise<unknown>]>([
    ['neighbour', 'neighbour', () => device(`ip neigh del ${far} dev vxlan0`)],
    ['fdb', 'fdb', async () => device(`bridge fdb del ${await mac()} dev vxlan0 dst 10.0.0.61 self`)],
    ['a VXLAN device that is down', 'fdb', () => device('ip link del vxlan0')],
    [
      'port',
      'port',
      () =>
        device(
          "ip link set $(ip -o link | grep -o 'veth[0-9]*' | sort -u | head -1) nomaster; ip link set $(ip -o link | grep -o 'veth[0-9]*' | sort -u | tail -1) nomaster",
        ),
    ],
    ['guard', 'guard', () => host().run('nft', 'delete', 'table', 'ip', 'tsoverlay-guard')],
  ])('%s; the cure, which is tsoverlay itself, works', async (_, link, breaks) => {
    await host().plugin.kill();
    await breaks();
    const found = await traced('c1', far);
    expect(broken(found)).toContain(link);
    expect(found.links.find((l) => l.link === link)?.cure).toMatch(/\S/);
    const { stdout, stderr, status } = await tsoverlay(host(), 'trace', 'c1', far);
    expect(stdout).toMatch(/^BREAK .*\n {7}cure: /m);
    expect(stdout).not.toContain('tsoverlay mends this within seconds');
    expect(stderr).toMatch(/^tsoverlay: tsoverlay does not serve on this host: .*; it did until \S+Z$/);
    expect(status).toBe(1);
    await host().plugin.start();
    await within(20_000, 'the way is whole again', async () => broken(await traced('c1', far)).length === 0);
  });

  it('the container’s own address and route', async () => {
    await inC1(`ip route add ${far}/32 dev lo`);
    expect(broken(await traced('c1', far))).toEqual(['route']);
    await inC1(`ip route del ${far}/32 dev lo`);
    await inC1('ip link set eth0 down');
    expect(broken(await traced('c1', far))).toEqual(['card', 'route']);
    await inC1('ip link set eth0 up');
    await within(5_000, 'whole again', async () => broken(await traced('c1', far)).length === 0);
  });

  it('a lease that is gone, and the cure of ipam check', async () => {
    const key = `tsoverlay/addresses/172.16.1.0-24/${far}`;
    const value = (await scene.lab.consul.value(key)) ?? '';
    await scene.lab.consul.remove(key);
    expect(broken(await traced('c1', far))).toEqual(['address']);
    expect((await tsoverlay(host(), 'trace', 'c1', far)).stdout).toContain('store nobody leased it');
    await scene.lab.consul.put(key, value);
    expect(broken(await traced('c1', far))).toEqual([]);
  });

  it('a name that only the engine is asked for while the plugin is dead', async () => {
    await host().plugin.kill();
    await within(10_000, 'the redirect has timed out', async () => broken(await traced('c1', 'db')).includes('name'));
    const { stdout, status } = await tsoverlay(host(), 'dns', 'db', '--from', 'c1');
    expect(stdout).toMatch(
      /^why: tsoverlay does not serve on this host: .*; meanwhile the engine's own resolver answers$/m,
    );
    expect(status).toBe(1);
    await host().plugin.start();
    await within(10_000, 'the name is back', async () => broken(await traced('c1', 'db')).length === 0);
  });

  it('with Consul dead the way is traced by what this host knew', async () => {
    await scene.lab.consul.kill();
    expect(await traced('c1', 'far')).toMatchObject({ read: 'copy', host: 'docker02 (10.0.0.61)' });
    expect(broken(await traced('c1', 'far'))).toEqual([]);
    await scene.lab.consul.start();
  });

  it('the other host, once it is away', async () => {
    // Of one that is dead the session ends half a minute later, to the same end.
    await host(2).plugin.stop();
    await within(10_000, 'its session has ended', async () => broken(await traced('c1', far)).includes('vtep'));
    expect((await traced('c1', far)).links.find(({ link }) => link === 'vtep')).toMatchObject({
      store: 'away',
      cure: expect.stringContaining('tsoverlay node forget 10.0.0.61'),
    });
  });
});
