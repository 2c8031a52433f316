/** Equal subnets: what engines allow stays apart, what they do not is refused, on every engine. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ENGINE_VERSIONS } from '../cache.js';
import { OURS, Site } from './site.js';

const SUPPORTED = ENGINE_VERSIONS.filter((v) => v !== '20.10.5');
const SUBNET = '--subnet 172.16.1.0/24';
const REFUSED = 'tsoverlay: subnet 172.16.1.0/24 overlaps 172.16.1.0/24 of network first of the cluster';

describe.each(SUPPORTED)('equal subnets on %s', (engine) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.boot({ engine });
  });
  afterAll(() => site?.lab.down());
  afterEach(() => site.clear());

  it('of two tsoverlay networks are refused on every host, whoever gives out addresses', async () => {
    await site.network('first', `${OURS} ${SUBNET}`);
    for (const host of [1, 2])
      for (const driver of [OURS, '-d tsoverlay'])
        expect(await site.refusal(host, `network create ${driver} ${SUBNET} second`)).toContain(REFUSED);
    expect(await site.networks(2)).toEqual(['first']);
  });

  it("of two networks with the engine's own IPAM are refused by it, and by us where it does not know the first", async () => {
    await site.network('first', `-d tsoverlay ${SUBNET}`);
    expect(await site.refusal(1, `network create -d tsoverlay ${SUBNET} second`)).toMatch(
      /Pool overlaps with other one on this address space/,
    );
    expect(await site.refusal(2, `network create -d tsoverlay ${SUBNET} second`)).toContain(REFUSED);
    expect(await site.lab.consul.keys('tsoverlay/pools/')).toEqual(['tsoverlay/pools/172.16.1.0-24']);
  });

  it("of a tsoverlay network and one of the engine's own are allowed, and never reach each other", async () => {
    await site.network('first', `${OURS} ${SUBNET} --gateway 172.16.1.254`);
    await site.docker(1, `network create ${SUBNET} --gateway 172.16.1.254 own`);
    await site.docker(1, 'run -d --name bridged --net own --ip 172.16.1.10 busybox sleep infinity');
    await site.run(1, 'near', '--net first --ip 172.16.1.20');
    await site.run(2, 'far', '--net first --ip 172.16.1.10');
    expect(await site.ping(1, 'near', '172.16.1.10')).toBe(true);
    expect([await site.ping(1, 'bridged', '172.16.1.20'), await site.ping(1, 'bridged', 'near')]).toEqual([
      false,
      false,
    ]);
    // It was far that answered, not the container of that address on the same host.
    await site.docker(2, 'rm -f far');
    expect(await site.ping(1, 'near', '172.16.1.10')).toBe(false);
    await site.docker(1, 'rm -f bridged');
    await site.docker(1, 'network rm own');
  });
});
