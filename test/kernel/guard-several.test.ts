/**
 * Several datagrams that a container hands over as one by a packet socket, which the kernel cuts behind the last hook: the
 * first is somebody else's, the second ours, and of the header nothing needs to be true. Each way in is open without the
 * guard and closed with it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { macBytes } from '../../src/kernel/netlink/attributes.js';
import type { GuardMode } from '../../src/model/values/settings.js';
import { inside } from './dns-namespace.js';
import { sendUdp, udpPacket, vxlan } from './forger.js';
import { FOREIGN, GuardedHosts, type Masquerade, OURS } from './guarded-hosts.js';
import { lying, sendSeveral } from './packet-socket.js';

const FRAME = vxlan(OURS);
const DOUBLE = Buffer.concat([vxlan(FOREIGN), FRAME]);
/** Of the UDP header, when it says the truth. */
const LENGTH = 8 + DOUBLE.length;

interface Attack {
  readonly victim: 'a' | 'b';
  /** Whose address the container says that it has. */
  readonly as: (hosts: GuardedHosts) => string;
  readonly to: (hosts: GuardedHosts) => string;
  /** True where the first host's card hands on what it should cut, as those of virtual machines and veth pairs do. */
  readonly uncut?: true;
}

const own = ({ at }: GuardedHosts) => at.container;
const other = ({ at }: GuardedHosts) => at.b;
const third = ({ at }: GuardedHosts) => at.third;

const ATTACKS: Readonly<Record<string, Attack>> = {
  'to its own host': { victim: 'a', as: own, to: ({ at }) => at.a },
  'to the gateway': { victim: 'a', as: own, to: ({ at }) => at.gateway },
  'by multicast to its own host': { victim: 'a', as: own, to: ({ at }) => at.multicast },
  'as another node, to its own host': { victim: 'a', as: other, to: ({ at }) => at.a },
  'as another node, to the gateway': { victim: 'a', as: other, to: ({ at }) => at.gateway },
  'as another node, by multicast to its own host': { victim: 'a', as: other, to: ({ at }) => at.multicast },
  'to another host': { victim: 'b', as: own, to: ({ at }) => at.b },
  'as a third node, to another host': { victim: 'b', as: third, to: ({ at }) => at.b },
  'to another host, uncut on the way': { victim: 'b', as: own, to: ({ at }) => at.b, uncut: true },
  'as a third node, to another host, uncut on the way': { victim: 'b', as: third, to: ({ at }) => at.b, uncut: true },
};

/** What its header says. */
interface Lie {
  readonly length: number;
  readonly checksum: number;
  /** True where a host takes it for a socket of its own; what is cut for the wire before that is made right meanwhile. */
  readonly taken: Readonly<Record<4 | 6, boolean>>;
}

const LIES: Readonly<Record<string, Lie>> = {
  'with a checksum': { length: LENGTH, checksum: 1, taken: { 4: true, 6: true } },
  'without a checksum': { length: LENGTH, checksum: 0, taken: { 4: true, 6: false } },
  'of length 0': { length: 0, checksum: 1, taken: { 4: false, 6: true } },
  'of the length of one': { length: 8 + FRAME.length, checksum: 0, taken: { 4: false, 6: false } },
};

const arrives = ({ victim, uncut }: Attack, { taken }: Lie, underlay: 4 | 6): boolean =>
  taken[underlay] || (victim === 'b' && !uncut);

function send(hosts: GuardedHosts, { as, to, uncut }: Attack, { length, checksum }: Lie): void {
  const { a, container, underlay } = hosts;
  inside(a, 'ip', 'link', 'set', 'eth0', 'gso_max_segs', uncut ? '64' : '1');
  const [bridge, card] = [linkOf(a, 'docker0'), linkOf(container, 'eth0')];
  const type = Buffer.from(underlay === 4 ? [0x08, 0x00] : [0x86, 0xdd]);
  const packet = lying(udpPacket(as(hosts), to(hosts), DOUBLE), length, checksum);
  const frame = Buffer.concat([macBytes(bridge.address), macBytes(card.address), type, packet]);
  sendSeveral(container, card.ifindex, frame, FRAME.length);
}

const linkOf = (netns: string, link: string): { readonly ifindex: number; readonly address: string } =>
  JSON.parse(inside(netns, 'ip', '-j', 'link', 'show', link))[0];

describe.each([4, 6] as const)('IPv%i', (underlay) => {
  describe.each(['conntrack', 'stateless'] as const)('%s', (masquerade: Masquerade) => {
    const beds = new Map<GuardMode, GuardedHosts>();
    beforeAll(async () => {
      for (const mode of ['off', 'on'] as const) beds.set(mode, await GuardedHosts.make(underlay, masquerade, mode));
    });
    afterAll(() => {
      for (const bed of beds.values()) bed.close();
    });
    const arrived = async (mode: GuardMode, attack: Attack, lie: Lie): Promise<boolean> => {
      const hosts = beds.get(mode);
      if (hosts === undefined) throw new Error('no bed');
      return (await hosts.received(hosts[attack.victim], OURS, () => send(hosts, attack, lie))) > 0;
    };

    const cases = Object.entries(ATTACKS).flatMap(([what, attack]) =>
      Object.entries(LIES)
        .filter(([, lie]) => arrives(attack, lie, underlay))
        .map(([how, lie]) => [`${what}, ${how}`, attack, lie] as const),
    );
    it.each(cases)('%s', async (_, attack, lie) => {
      expect(await arrived('off', attack, lie)).toBe(true);
      expect(await arrived('on', attack, lie)).toBe(false);
    });
  });

  // docs/security.md says so: others' VXLAN on the same port is as long, and comes by the same card.
  it('is not stopped from a machine of the LAN whose card hands on what it should cut', async () => {
    const hosts = await GuardedHosts.make(underlay, 'conntrack', 'on');
    const { a, b, at } = hosts;
    const forge = () => sendUdp(b, at.a, DOUBLE, { source: at.stranger, segment: FRAME.length });
    await hosts.unguard();
    expect(await hosts.received(a, OURS, forge)).toBe(1);
    inside(b, 'ip', 'link', 'set', 'eth0', 'gso_max_segs', '1');
    expect(await hosts.received(a, OURS, forge)).toBe(0);
    hosts.close();
  });
});
