/** Multicast and broadcast: at home on one host as with the native driver, across hosts only when asked for. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fillMdns, mdnsFolder } from '../cache.js';
import { within } from '../waiting.js';
import { OURS, Site } from './site.js';

let site: Site;
beforeAll(async () => {
  await fillMdns(() => {});
  site = await Site.boot();
});
afterAll(() => site?.lab.down());
afterEach(() => site.clear());

/** Who answers a ping to all hosts of the network; Linux does so only when told to. */
const answers = async (target: string) => {
  const { stdout } = await site.lab
    .host(1)
    .engine.attempt('exec', 'c1', 'ping', '-I', 'eth0', '-c', '3', '-W', '1', target);
  return [...new Set([...stdout.matchAll(/from (172\.16\.1\.\d+)/g)].map((m) => m[1]))].sort();
};
const listening = '--sysctl net.ipv4.icmp_echo_ignore_broadcasts=0';

async function three(options: string) {
  await site.network('many', `${OURS} --subnet 172.16.1.0/24 --gateway 172.16.1.254 ${options}`);
  for (const [host, name] of [
    [1, 'c1'],
    [1, 'c2'],
    [2, 'c3'],
  ] as const)
    await site.run(host, name, `--net many ${listening}`);
}

it('stay on the host unless asked for', async () => {
  await three('');
  expect(await answers('224.0.0.1')).not.toContain('172.16.1.3');
  expect(await answers('224.0.0.1')).toContain('172.16.1.2');
});

it('with -o tsoverlay.multicast=on reach every host that takes part, and end with the last container there', async () => {
  await three('-o tsoverlay.multicast=on');
  await within(5_000, 'all answer', async () => (await answers('224.0.0.1')).includes('172.16.1.3'));
  expect(await answers('172.16.1.255')).toContain('172.16.1.3');
  const namespace = `1-${(await site.docker(1, 'network inspect --format {{.Id}} many')).slice(0, 10)}`;
  const floods = async () =>
    (
      await site.lab
        .host(1)
        .run('nsenter', `--net=/run/docker/netns/${namespace}`, 'bridge', 'fdb', 'show', 'dev', 'vxlan0')
    )
      .split('\n')
      .filter((line) => line.startsWith('00:00:00:00:00:00'));
  expect(await floods()).toHaveLength(1);
  await site.docker(2, 'rm -f c3');
  await within(2_000, 'docker02 gets no more', async () => (await floods()).length === 0);
});

describe("multicast DNS, by Debian's mdnsd and mquery", () => {
  const tool = (host: number, name: string, command: string) => {
    const mounted = ['-v', `${mdnsFolder()}:/mdns:ro`, 'busybox', 'sh', '-c'];
    const found = 'LD_LIBRARY_PATH=$(echo /mdns/usr/lib/*)';
    const run = ['run', '-d', '--name', name, '--net', 'many', ...mounted, `export ${found}; ${command}`];
    return site.lab.host(host).docker(...run);
  };
  /** A printer on host 1, and someone on each host who looks for one. */
  async function office(options: string) {
    await site.network('many', `${OURS} --subnet 172.16.1.0/24 ${options}`);
    const service = 'mkdir /tmp/s; printf "name Third floor\\ntype _ipp._tcp\\nport 631\\n" >/tmp/s/p.service';
    await tool(1, 'printer', `${service}; exec /mdns/usr/sbin/mdnsd -n -i eth0 /tmp/s`);
    // It asks three times within its four seconds; only its debug output tells of answers.
    for (const host of [1, 2])
      await tool(host, `seeker${host}`, '/mdns/usr/bin/mquery -i eth0 -l debug -w 4 -t 12 _ipp._tcp.local 2>&1');
    for (const host of [1, 2]) await site.docker(host, `wait seeker${host}`);
  }
  const found = async (host: number) =>
    /Got Answer: Name: _ipp\._tcp/.test(await site.docker(host, `logs seeker${host}`));

  it('finds a service of another host when asked for', async () => {
    await office('-o tsoverlay.multicast=on');
    expect([await found(1), await found(2)]).toEqual([true, true]);
  });

  it('finds one on its own host alone when not', async () => {
    await office('');
    expect([await found(1), await found(2)]).toEqual([true, false]);
  });
});

it('are refused with anything but on or off', async () => {
  expect(await site.refusal(1, `network create ${OURS} -o tsoverlay.multicast=maybe bad`)).toContain(
    'tsoverlay: tsoverlay.multicast is "maybe"; it must be on or off',
  );
});
