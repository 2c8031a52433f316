/** Addresses that change hands: told of to all who are on the bridge; with multicast on, those that no record has, too. */
import { afterEach, expect, it } from 'vitest';
import { namespaceName, OPTION_MULTICAST } from '../../src/model/values/names.js';
import type { Cidr, Ip, Mac } from '../../src/model/values/types.js';
import { HOST1, HOST2 } from '../unit/model/fixtures.js';
import { run } from './bench.js';
import { type Container, networkOf, pings, Site } from './site.js';

let site: Site;
afterEach(() => site.close());

const subnet = (pool: string, gateway: string, vni: number) => ({
  ...{ pool: pool as Cidr, gateway: gateway as Cidr, aux: {}, vni },
});
const dual = (options: Record<string, string>) =>
  networkOf({
    options,
    ipv6: true,
    subnets: [subnet('172.16.1.0/24', '172.16.1.254/24', 256), subnet('fd00:1::/64', 'fd00:1::fe/64', 256)],
  });

/** One container that may bear the address and one that asks, on each host. */
async function four(options: Record<string, string>) {
  site = new Site(dual(options));
  const at = [HOST1, HOST1, HOST2, HOST2] as const;
  const made = await site.place(
    ...at.map((host, i) =>
      site.endpoint(i + 1, host, { addresses: [`172.16.1.${i + 1}/24`, `fd00:1::${i + 1}/64`] as Cidr[] }),
    ),
  );
  return made as unknown as readonly [Container, Container, Container, Container];
}

const take = ({ netns }: Container, address: string) =>
  run(netns, 'ip', 'address', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : []));
const give = ({ netns }: Container, address: string) => run(netns, 'ip', 'address', 'del', address, 'dev', 'eth0');
const knows = ({ netns }: Container, address: string): string =>
  run(netns, 'ip', 'neigh', 'show', address).match(/lladdr (\S+)/)?.[1] ?? '';
const bridgeOf = (host: Site['hosts'][number]): string =>
  run(site.inside(host), 'ip', '-o', 'link', 'show', 'br0').match(/link\/ether (\S+)/)?.[1] ?? '';

it('a floating address is reached from both hosts, and goes to the other bearer at once', async () => {
  const [one, asks, two, far] = await four({ [OPTION_MULTICAST]: 'on' });
  take(one, '172.16.1.200/24');
  for (const from of [asks, far]) expect(pings(from, '172.16.1.200')).toBe(true);
  for (const [before, after] of [
    [one, two],
    [two, one],
  ] as const) {
    give(before, '172.16.1.200/24');
    take(after, '172.16.1.200/24');
    run(after.netns, 'busybox', 'arping', '-U', '-c', '1', '-I', 'eth0', '172.16.1.200');
    for (const from of [asks, far]) {
      expect(knows(from, '172.16.1.200')).toBe(after.endpoint.mac);
      expect(pings(from, '172.16.1.200')).toBe(true);
    }
  }
  take(two, 'fd00:1::200/64');
  for (const from of [asks, far]) expect(pings(from, 'fd00:1::200')).toBe(true);
});

it('the gateway stays at home all the same, whoever asks for it or has to ask', async () => {
  const [one, , , far] = await four({ [OPTION_MULTICAST]: 'on' });
  const [here, there] = site.hosts;
  for (let i = 0; i < 3; i++) {
    for (const [container, host] of [
      [one, here],
      [far, there],
    ] as const)
      for (const gateway of ['172.16.1.254', 'fd00:1::fe']) {
        expect(pings(container, gateway)).toBe(true);
        expect(knows(container, gateway)).toBe(bridgeOf(host));
      }
    // Bridges ask, too.
    for (const host of [here, there]) run(site.inside(host), 'ip', 'neigh', 'flush', 'dev', 'br0');
    run(site.inside(here), 'busybox', 'ping', '-c', '1', '-W', '1', '172.16.1.1');
  }
  expect(run(site.inside(here), 'ip', '-6', 'address', 'show', 'dev', 'br0')).not.toMatch(/dadfailed|tentative/);
});

it('without multicast a floating address stays on its host, and known ones go on as ever', async () => {
  const [one, asks, , far] = await four({});
  take(one, '172.16.1.200/24');
  expect([pings(asks, '172.16.1.200'), pings(far, '172.16.1.200')]).toEqual([true, false]);
  expect([pings(far, '172.16.1.1'), pings(far, 'fd00:1::1')]).toEqual([true, true]);
});

it('who has an address now is told to all who are on the bridge', async () => {
  const [one, asks] = await four({});
  const mac = '02:00:00:00:00:77' as Mac;
  const [here] = site.hosts;
  for (const ip of ['172.16.1.1', 'fd00:1::1']) {
    expect(pings(asks, ip)).toBe(true);
    expect(knows(asks, ip)).toBe(one.endpoint.mac);
    const bearers = [
      { bridge: 'br0', ip: ip as Ip, mac },
      { bridge: 'br9', ip: ip as Ip, mac },
    ];
    await here.kernel.announce(namespaceName(site.network.id), bearers);
    expect([ip, knows(asks, ip)]).toEqual([ip, mac]);
  }
  await here.kernel.announce(namespaceName('f'.repeat(64) as typeof site.network.id), []);
});
