/** Addresses that are no endpoint's, on a network with multicast: a pair of hosts that hands one over, as VRRP does. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { within } from '../waiting.js';
import { OURS, Site } from './site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.boot();
});
afterAll(() => site?.lab.down());
afterEach(() => site.clear());

const FLOATING = '172.16.1.200';
const SUBNETS = '--subnet 172.16.1.0/24 --gateway 172.16.1.254 --ipv6 --subnet fd00:7::/64 --gateway fd00:7::1';

/** Two that may bear the address, one on each host, and one on each host that asks for it. */
async function pair(options: string): Promise<void> {
  await site.network('many', `${OURS} ${SUBNETS} ${options}`);
  for (const host of [1, 2]) {
    await site.run(host, `bearer${host}`, '--net many --cap-add NET_ADMIN');
    await site.run(host, `asks${host}`, '--net many');
  }
}
const take = (host: number, address: string) => site.exec(host, `bearer${host}`, `ip address add ${address} dev eth0`);
const answers = (host: number, address: string) => site.succeeds(host, `exec asks${host} ping -c1 -W1 ${address}`);
const macOf = (host: number, container: string) => site.exec(host, container, 'cat /sys/class/net/eth0/address');

it('are reached from both hosts, and go from one to the other at once', async () => {
  await pair('-o tsoverlay.multicast=on');
  await take(1, `${FLOATING}/24`);
  for (const host of [1, 2])
    await within(3_000, `host ${host} reaches the first bearer`, () => answers(host, FLOATING));
  for (const [from, to] of [
    [1, 2],
    [2, 1],
  ] as const) {
    await site.exec(from, `bearer${from}`, `ip address del ${FLOATING}/24 dev eth0`);
    await take(to, `${FLOATING}/24`);
    // What keepalived does when it takes over.
    await site.docker(to, `exec bearer${to} arping -U -c 1 -I eth0 ${FLOATING}`);
    for (const host of [1, 2]) {
      const ms = await within(10_000, `host ${host} reaches the bearer on ${to}`, () => answers(host, FLOATING));
      console.log(`from ${from} to ${to}: host ${host} after ${ms} ms`);
      expect(ms).toBeLessThan(3_000);
      expect(await site.exec(host, `asks${host}`, 'ip neigh')).toMatch(
        new RegExp(`${FLOATING} .*${await macOf(to, `bearer${to}`)}`),
      );
    }
  }
});

it('of IPv6 are reached from both hosts', async () => {
  await pair('-o tsoverlay.multicast=on');
  await take(1, 'fd00:7::200/64');
  for (const host of [1, 2])
    await within(5_000, `host ${host} reaches the second address`, () => answers(host, 'fd00:7::200'));
});

it('leave the gateway at home: each container knows that of its own host', async () => {
  await pair('-o tsoverlay.multicast=on');
  const id = (await site.docker(1, 'network inspect --format {{.Id}} many')).slice(0, 10);
  const bridge = async (host: number) => {
    const inside = ['nsenter', `--net=/run/docker/netns/1-${id}`];
    const told = await site.lab.host(host).run(...inside, 'ip', '-o', 'link', 'show', 'br0');
    return told.match(/link\/ether (\S+)/)?.[1] ?? '';
  };
  for (let i = 0; i < 5; i++)
    for (const host of [1, 2])
      for (const gateway of ['172.16.1.254', 'fd00:7::1']) {
        expect([host, gateway, await answers(host, gateway)]).toEqual([host, gateway, true]);
        const known = (await site.exec(host, `asks${host}`, 'ip neigh')).split('\n');
        expect(known.find((line) => line.startsWith(`${gateway} `))).toContain(await bridge(host));
      }
});

it('stay on their host without multicast', async () => {
  await pair('');
  await take(1, `${FLOATING}/24`);
  await within(3_000, 'its own host reaches it', () => answers(1, FLOATING));
  expect(await answers(2, FLOATING)).toBe(false);
});
