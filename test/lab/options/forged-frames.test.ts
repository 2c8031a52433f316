/**
 * Frames that no card of a container sent: made by containers of docker0, of another network and of the same, by a
 * `--net host` container and by a user of the host, to another host and to their own. Each arrives with VXLAN_GUARD=off.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forgedPing, fragments, sendingAsNobody, sendRaw, sendUdp, vxlan } from '../../kernel/forger.js';
import { PLUGIN_MAIN } from '../paths.js';
import { SUPPORTED } from '../tours.js';
import { within } from '../waiting.js';
import { lines, OURS, Site } from './site.js';

const VNI = 300;
const hostOf = { near: 1, far: 2 } as const;
type Victim = keyof typeof hostOf;
const ATTACKERS = ['bridged', 'other', 'same', 'hostly'] as const;

describe.each(SUPPORTED)('forged frames on %s', (engine) => {
  let site: Site;
  /** Network namespaces of the attackers, as paths of this machine. */
  const netns = new Map<string, string>();
  const snmp = new Map<string, string>();
  const frames = new Map<string, Buffer>();

  beforeAll(async () => {
    site = await Site.boot({ engine });
    await site.network(
      'red',
      `${OURS} --subnet 172.16.1.0/24 -o com.docker.network.driver.overlay.vxlanid_list=${VNI}`,
    );
    await site.network('blue', `${OURS} --subnet 172.16.2.0/24`);
    // See sendingAsNobody for the addresses.
    await site.run(1, 'near', '--net red --ip 172.16.1.11');
    await site.run(2, 'far', '--net red --ip 172.16.1.20');
    await site.run(1, 'bridged', '--cap-drop ALL');
    await site.run(1, 'other', '--net blue');
    await site.run(1, 'same', '--net red');
    await site.run(1, 'hostly', '--net host');
    for (const attacker of ATTACKERS) netns.set(attacker, await inside(1, attacker, 'ns/net'));
    for (const victim of ['near', 'far'] as const) {
      snmp.set(victim, await inside(hostOf[victim], victim, 'net/snmp'));
      const mac = await site.address(hostOf[victim], victim, 'red', 'MacAddress');
      const to = await site.address(hostOf[victim], victim, 'red');
      frames.set(victim, forgedPing(VNI, mac, '172.16.1.66', to));
    }
  });
  afterAll(() => site?.lab.down());

  /** A file below /proc of a container's first process, as a path of this machine. */
  const inside = async (host: number, container: string, file: string) => {
    const pid = await site.docker(host, `inspect --format {{.State.Pid}} ${container}`);
    return site.lab.host(host).host.path(`/proc/${pid}/${file}`);
  };
  /** Echo requests that have come to the victim. */
  const echoes = (victim: Victim): number => {
    const table = lines(readFileSync(snmp.get(victim) ?? '', 'utf8')).filter((line) => line.startsWith('Icmp:'));
    const [names, values] = table.map((line) => line.split(' '));
    return Number(values?.[names?.indexOf('InEchos') ?? -1]);
  };

  /** What of all that is sent to a victim has arrived, by the attacker. */
  async function attack(victim: Victim): Promise<readonly string[]> {
    const frame = frames.get(victim) ?? Buffer.alloc(0);
    const to = site.lab.host(hostOf[victim]).address;
    const decoyed = Buffer.concat([vxlan(999, frame.length), frame]);
    const tried: [string, () => unknown][] = ATTACKERS.flatMap((attacker) => {
      const from = netns.get(attacker) ?? '';
      return [
        [attacker, () => sendUdp(from, to, frame)],
        [`${attacker}, several in one`, () => sendUdp(from, to, decoyed, { segment: frame.length })],
      ] as [string, () => unknown][];
    });
    const raw = (attacker: string, source: string) => () =>
      sendRaw(netns.get(attacker) ?? '', to, ...fragments(source, to, frame, 8));
    tried.push(['other, fragments', raw('other', '172.18.0.99')]);
    tried.push(['bridged, as another node', raw('bridged', '10.0.0.61')]);
    tried.push(['a user of the host', () => site.lab.host(1).host.attempt(...sendingAsNobody(to, frame))]);

    const arrived: string[] = [];
    for (const [name, send] of tried) {
      const before = echoes(victim);
      await send();
      await sleep(50);
      if (echoes(victim) > before) arrived.push(name);
    }
    return arrived;
  }

  const restart = async (mode: string) => {
    for (const host of [1, 2]) await site.lab.host(host).plugin.restart({ VXLAN_GUARD: mode });
    await within(10_000, `the guard is ${mode}`, async () => {
      const tables = await Promise.all(
        [1, 2].map((host) => site.lab.host(host).host.attempt('nft', 'list', 'table', 'ip', 'tsoverlay-guard')),
      );
      return tables.every(({ stdout }) =>
        mode === 'off' ? stdout === '' : stdout.includes('chain forward') === (mode === 'on'),
      );
    });
    expect([await site.ping(1, 'near', 'far'), await site.ping(2, 'far', 'near')]).toEqual([true, true]);
  };

  it('do not arrive, neither on another host nor on their own', async () => {
    await restart('on');
    expect(await attack('far')).toEqual([]);
    expect(await attack('near')).toEqual([]);
    expect([await site.ping(1, 'near', 'far'), await site.ping(2, 'far', 'near')]).toEqual([true, true]);
    const status = ['env', `CLUSTER_STORE=${site.lab.consul.url}`, process.execPath, PLUGIN_MAIN, 'status'];
    const { stdout: told } = await site.lab.host(1).host.attempt(...status);
    for (const chain of ['input', 'prerouting', 'forward', 'output'])
      expect(told).toMatch(new RegExp(`^ {2}${chain} {2}[1-9]`, 'm'));
  });

  it('arrive on another host with VXLAN_GUARD=incoming, as before', async () => {
    await restart('incoming');
    expect(await attack('far')).toEqual(expect.arrayContaining(['bridged', 'other', 'same', 'hostly']));
  });

  it('arrive with VXLAN_GUARD=off', async () => {
    await restart('off');
    for (const victim of ['far', 'near'] as const) {
      const arrived = await attack(victim);
      for (const attacker of [...ATTACKERS, 'other, fragments', 'a user of the host'])
        expect(arrived).toContain(attacker);
    }
    await restart('on');
    expect(await attack('far')).toEqual([]);
  });

  it("a swarm's networks on the same port go on", async () => {
    await site.docker(1, 'swarm init --advertise-addr 10.0.0.60');
    const token = await site.docker(1, 'swarm join-token --quiet worker');
    await site.docker(2, `swarm join --token ${token} --advertise-addr 10.0.0.61 10.0.0.60:2377`);
    await site.docker(1, 'network create -d overlay --attachable --subnet 172.16.9.0/24 swarming');
    await site.run(1, 'bee1', '--net swarming --ip 172.16.9.11');
    await site.run(2, 'bee2', '--net swarming --ip 172.16.9.12');
    await within(10_000, 'they reach each other', () => site.ping(1, 'bee1', '172.16.9.12'));
    expect(await site.succeeds(2, 'exec bee2 ping -c2 -W2 -s 1400 172.16.9.11')).toBe(true);
  });
});
