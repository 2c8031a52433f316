/**
 * Frames that no card of a container sent: made by containers of docker0, of another network and of the same, by a
 * `--net host` container and by a user of the host, to another host and to their own. Each arrives with VXLAN_GUARD=off.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forgedPing, fragments, sendRaw, sendUdp, vxlan } from '../../kernel/forger.js';
import { PLUGIN_MAIN } from '../paths.js';
import { SUPPORTED } from '../tours.js';
import { within } from '../waiting.js';
import { lines, OURS, Site } from './site.js';

const VNI = 300;
const ATTACKERS = ['bridged', 'other', 'same', 'hostly'] as const;

describe.each(SUPPORTED)('forged frames on %s', (engine) => {
  let site: Site;
  /** Network namespaces of the attackers, as paths of this machine. */
  const netns = new Map<string, string>();

  beforeAll(async () => {
    site = await Site.boot({ engine });
    await site.network(
      'red',
      `${OURS} --subnet 172.16.1.0/24 -o com.docker.network.driver.overlay.vxlanid_list=${VNI}`,
    );
    await site.network('blue', `${OURS} --subnet 172.16.2.0/24`);
    await site.run(1, 'near', '--net red --ip 172.16.1.10');
    await site.run(2, 'far', '--net red --ip 172.16.1.20');
    await site.run(1, 'bridged', '--cap-drop ALL');
    await site.run(1, 'other', '--net blue');
    await site.run(1, 'same', '--net red');
    await site.run(1, 'hostly', '--net host');
    for (const attacker of ATTACKERS) {
      const pid = await site.docker(1, `inspect --format {{.State.Pid}} ${attacker}`);
      netns.set(attacker, site.lab.host(1).host.path(`/proc/${pid}/ns/net`));
    }
  });
  afterAll(() => site?.lab.down());

  const addresses = (host: number) => ['10.0.0.60', '10.0.0.61'][host - 1] ?? '';
  const hostOf = { near: 1, far: 2 } as const;
  type Victim = keyof typeof hostOf;

  const frameFor = async (victim: Victim): Promise<Buffer> => {
    const mac = await site.address(hostOf[victim], victim, 'red', 'MacAddress');
    return forgedPing(VNI, mac, '172.16.1.66', await site.address(hostOf[victim], victim, 'red'));
  };
  /** Echo requests that have come to the victim. */
  const echoes = async (victim: Victim) => {
    const [names = '', values = ''] = lines(await site.exec(hostOf[victim], victim, 'grep Icmp: /proc/net/snmp'));
    return Number(values.split(' ')[names.split(' ').indexOf('InEchos')]);
  };

  /** What of all that is sent to a victim has arrived, by the attacker. */
  async function attack(victim: Victim): Promise<readonly string[]> {
    const frame = await frameFor(victim);
    const to = addresses(hostOf[victim]);
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
    const bytes = [...frame].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'bash', '-c'];
    tried.push([
      'a user of the host',
      () => site.lab.host(1).host.attempt(...nobody, `printf '${bytes}' >/dev/udp/${to}/4789`),
    ]);

    const arrived: string[] = [];
    for (const [name, send] of tried) {
      const before = await echoes(victim);
      await send();
      if ((await echoes(victim)) > before) arrived.push(name);
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
    const told = await site.lab.host(1).run(...status);
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
});
