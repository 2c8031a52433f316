/** What cannot be is refused with one sentence at the docker prompt, and nothing of it stays behind. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ENGINE, isBefore23 } from '../engine-choice.js';
import { OURS, Site } from './site.js';

const MTU = 'com.docker.network.driver.mtu';
const VNIS = 'com.docker.network.driver.overlay.vxlanid_list';

let site: Site;
beforeAll(async () => {
  site = await Site.boot();
});
afterAll(() => site?.lab.down());
afterEach(() => site.clear());

/** One line, in which the sentence stands once. */
const saysOnce = (stderr: string, sentence: string) => {
  expect(stderr).toContain(sentence);
  expect(stderr.split('tsoverlay: ')).toHaveLength(2);
  expect(
    stderr
      .trim()
      .split('\n')
      .filter((line) => line.includes('Error') || line.includes('tsoverlay')),
  ).toHaveLength(1);
};

it.each([
  [`${OURS} -o ${MTU}=90000`, `tsoverlay: ${MTU} is "90000"; it must be a number from 118 to 65535`],
  [`${OURS} -o ${MTU}=many`, `tsoverlay: ${MTU} is "many"`],
  [`${OURS} --ipv6 --subnet fd00:1::/64 -o ${MTU}=1300`, 'tsoverlay: com.docker.network.driver.mtu is 1300, but IPv6'],
  [`${OURS} -o ${VNIS}=0`, `tsoverlay: ${VNIS} has "0"; a VXLAN id is a number from 1 to 16777215`],
  [`${OURS} -o ${VNIS}=16777216`, 'a VXLAN id is a number from 1 to 16777215'],
  [
    `${OURS} -o ${VNIS}=255`,
    "VXLAN id 255 is tsoverlay's own, by which hosts find out how they reach each other; choose another",
  ],
  [`${OURS} -o ${VNIS}=300,x`, `${VNIS} has "x"`],
  [`${OURS} -o ${VNIS}=300,300 --subnet 10.9.0.0/24 --subnet 10.9.1.0/24`, 'names VXLAN id 300 twice'],
  [`${OURS} -o ${VNIS}=300 --subnet 10.9.0.0/24 --subnet 10.9.1.0/24`, 'names 1 ids for 2 subnets; give one for each'],
  [`${OURS} -o encrypted=yes`, 'tsoverlay: encrypted is "yes"; it must be true or false'],
  [`${OURS} -o colour=red`, 'tsoverlay: option colour is unknown to tsoverlay; it knows'],
  [`${OURS} --ipam-opt colour=red`, 'tsoverlay: IPAM option colour is unknown to tsoverlay; it knows'],
  [
    `${OURS} --ipam-opt tsoverlay.size=99`,
    'has size "99" for base 10.0.0.0/8; it must be a prefix length from 8 to 30',
  ],
  [`${OURS} --ipam-opt tsoverlay.base=ten`, 'tsoverlay: "ten" is not a network in CIDR notation'],
  [
    `${OURS} --ipam-opt tsoverlay.size=26 --subnet 10.9.0.0/24`,
    '--ipam-opt tsoverlay.size is for a subnet that tsoverlay',
  ],
  [
    '-d tsoverlay --ipam-driver null',
    'tsoverlay: a tsoverlay network needs a subnet, and --ipam-driver null gives none; take --ipam-driver tsoverlay',
  ],
  [`${OURS} --subnet 10.9.0.0/31`, 'tsoverlay: subnet 10.9.0.0/31 is too small for a gateway and a container'],
  [`${OURS} --subnet 10.0.0.0/16`, 'tsoverlay: subnet 10.0.0.0/16 contains 10.0.0.60, the address of host docker01'],
  [`${OURS} --subnet 10.9.0.0/24 --gateway 10.9.0.255`, 'tsoverlay: address 10.9.0.255 stands for the whole subnet'],
  [
    `${OURS} --subnet 10.9.0.0/24 --gateway 10.9.0.9 --aux-address a=10.9.0.9`,
    'tsoverlay: address 10.9.0.9 is already reserved as the gateway; choose another',
  ],
])('network create %s', async (options, sentence) => {
  saysOnce(await site.refusal(2, `network create ${options} bad`), sentence);
});

it.each(['-o encrypted', '--opt encrypted=true'])(
  '%s is refused where the kernel has no WireGuard, and is a network where it has',
  async (option) => {
    const { host } = site.lab.host(2);
    const { ok: has } = await host.attempt('ip', 'link', 'add', 'try', 'type', 'wireguard');
    await host.attempt('ip', 'link', 'delete', 'try');
    const line = `network create ${OURS} ${option} secret`;
    if (has) return expect(await site.succeeds(2, line)).toBe(true);
    saysOnce(
      await site.refusal(2, line),
      "tsoverlay: the network is to be encrypted, but this host's kernel has no WireGuard (module wireguard, Linux 5.6 or newer); load it, or create the network with -o encrypted=false",
    );
    expect(await site.succeeds(2, `network create ${OURS} -o encrypted=false plain`)).toBe(true);
    await site.docker(2, 'network rm plain');
  },
);

it.each([
  [`${OURS} --subnet 10.9.0.0/24 --gateway 10.8.0.1`, /gateway/],
  [`${OURS} --subnet 10.9.0.0/24 --ip-range 10.8.0.0/25`, /range/],
])('the engine itself refuses %s', async (options, words) => {
  expect(await site.refusal(2, `network create ${options} bad`)).toMatch(words);
});

it('of an address instead of a network the network is meant, where the engine does not refuse it', async () => {
  const line = `network create ${OURS} --subnet 10.9.0.7/24 odd`;
  if (!isBefore23(ENGINE)) return expect(await site.refusal(2, line)).toMatch(/subnet|10\.9\.0\.0\/24/);
  await site.network('odd', `${OURS} --subnet 10.9.0.7/24`);
  await site.run(1, 'first', '--net odd');
  expect(await site.exec(1, 'first', 'ip -o -4 address show eth0')).toContain(' 10.9.0.2/24 ');
});

describe('beside another network', () => {
  const taken = () => site.network('first', `${OURS} --subnet 172.16.1.0/24 -o ${VNIS}=300`);

  it('an overlapping subnet, a taken VXLAN id and a taken name', async () => {
    await taken();
    saysOnce(
      await site.refusal(2, `network create ${OURS} --subnet 172.16.0.0/16 bad`),
      'tsoverlay: subnet 172.16.0.0/16 overlaps 172.16.1.0/24 of network first of the cluster; choose another --subnet',
    );
    saysOnce(
      await site.refusal(2, `network create ${OURS} -o ${VNIS}=300 bad`),
      'tsoverlay: VXLAN id 300 is in use by network first of the cluster; choose another',
    );
    expect(await site.refusal(2, `network create ${OURS} first`)).toContain('network with name first already exists');
  });

  it('an address that a container has, by whom and where; one outside', async () => {
    await taken();
    await site.run(1, 'holder', '--net first --ip 172.16.1.9');
    saysOnce(
      await site.refusal(2, 'run --rm --net first --ip 172.16.1.9 busybox true'),
      'tsoverlay: address 172.16.1.9 is already held by container holder on host docker01; choose another or remove that',
    );
    expect(await site.refusal(2, 'run --rm --net first --ip 172.17.0.9 busybox true')).toMatch(/172\.17\.0\.9|subnet/);
    saysOnce(
      await site.refusal(2, 'run --rm --net first --ip 172.16.1.1 busybox true'),
      'tsoverlay: address 172.16.1.1 is already reserved as the gateway; choose another',
    );
    saysOnce(
      await site.refusal(2, 'run --rm --network name=first,driver-opt=colour=red busybox true'),
      'tsoverlay: option colour is unknown to tsoverlay, which has none for endpoints; leave it out',
    );
    expect(await site.lab.consul.keys('tsoverlay/addresses/')).toHaveLength(2);
  });
});

it.each(['a.b-c_d', 'über', "'two words'", 'per%cent', "'q?x=1'", 'ha#sh', "'sl/ash'", "'a&b=c'"])(
  'the name %s works everywhere, or the engine refuses it',
  async (typed) => {
    const name = typed.replaceAll("'", '');
    if (!(await site.succeeds(1, `network create ${OURS} ${typed}`))) return;
    await site.has(2, name);
    for (const host of [1, 2]) {
      await site.run(host, `n${host}`, '--net none');
      await site.docker(host, `network disconnect none n${host}`);
      await site.docker(host, `network connect ${typed} n${host}`);
    }
    expect(await site.ping(1, 'n1', 'n2')).toBe(true);
  },
);

it('a network that is removed while it is being joined: the one or the other, and nothing half', async () => {
  for (let i = 0; i < 6; i++) {
    await site.network('race', `${OURS} --subnet 172.16.1.0/24`);
    const [joined, removed] = await Promise.all([
      site.lab.host(1).engine.attempt('run', '-d', '--name', 'racer', '--net', 'race', 'busybox', 'sleep', 'infinity'),
      new Promise((resolve) => setTimeout(resolve, i * 120)).then(() =>
        site.lab.host(2).engine.attempt('network', 'rm', 'race'),
      ),
    ]);
    expect(removed.ok).toBe(true);
    if (joined.ok) {
      await site.has(2, 'race');
      await site.run(2, 'witness', '--net race');
      expect(await site.ping(2, 'witness', 'racer')).toBe(true);
    } else
      expect(joined.stderr).toMatch(
        /network (race|\w{12}) has been removed from the cluster|its network has been removed|network race not found/,
      );
    await site.clear();
  }
});
