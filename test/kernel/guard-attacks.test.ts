/**
 * Frames that nobody's card sent: each way in is open without the guard, and closed with it. The kernel's own VXLAN goes
 * on, and so does what others send to the same port.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GuardMode } from '../../src/model/values/settings.js';
import { inside } from './dns-namespace.js';
import { behindOptions, fragments, sendOnLink, sendRaw, sendUdp, udpPacket, vxlan } from './forger.js';
import { FOREIGN, GuardedHosts, type Masquerade, OURS } from './guarded-hosts.js';

/** What is forged, by what it says; each carries frames for OURS. */
interface Attack {
  /** Whose device is to get the frame. */
  readonly victim: 'a' | 'b';
  /** Not done in the other family. */
  readonly only?: 4 | 6;
  /** Only where source addresses are rewritten packet by packet. */
  readonly stateless?: true;
  readonly send: (hosts: GuardedHosts) => void;
}

const FRAME = vxlan(OURS);
/** The kernel cuts it in two: the first is somebody else's, the second ours. */
const DOUBLE = Buffer.concat([vxlan(FOREIGN), FRAME]);
const CUT = { segment: FRAME.length };

const ATTACKS: Readonly<Record<string, Attack>> = {
  'a container to another host': { victim: 'b', send: ({ container, at }) => sendUdp(container, at.b, FRAME) },
  'a container to an address of another host that is not its VTEP': {
    victim: 'b',
    send: ({ container, at }) => sendUdp(container, at.second, FRAME),
  },
  'a container from port 4789': {
    victim: 'b',
    send: ({ container, at }) => sendUdp(container, at.b, FRAME, { sourcePort: 4789 }),
  },
  'a container through a port that its host leads on': {
    victim: 'b',
    send: ({ a, container, at, underlay }) => {
      const [v, to] = underlay === 4 ? ['ip', `${at.b}:4789`] : ['ip6', `[${at.b}]:4789`];
      inside(
        a,
        'nft',
        `table ${v} published { chain pre { type nat hook prerouting priority -100; udp dport 5000 dnat to ${to}; }; }`,
      );
      sendUdp(container, at.gateway, FRAME, { port: 5000 });
      // With it conntrack goes, which would put fragments together.
      inside(a, 'nft', 'delete', 'table', v, 'published');
    },
  },
  'a container by a VXLAN device of its own': {
    victim: 'b',
    send: ({ container, at }) => {
      inside(container, 'ip', ...`link add own type vxlan id ${OURS} dstport 4789 remote ${at.b}`.split(' '));
      inside(container, 'ip', 'link', 'set', 'own', 'up');
      inside(container, 'ip', 'address', 'add', '172.30.0.1/24', 'dev', 'own');
      sendUdp(container, '172.30.0.255', Buffer.from('hello'), { port: 9 });
    },
  },
  'a container, several in one': {
    victim: 'b',
    send: ({ container, at }) => sendUdp(container, at.b, DOUBLE, CUT),
  },
  'a container, several in one that nobody cuts on the way': {
    victim: 'b',
    send: ({ a, container, at }) => {
      inside(a, 'ip', 'link', 'set', 'eth0', 'gso_max_segs', '64');
      sendUdp(container, at.b, DOUBLE, CUT);
    },
  },
  'a container, a first fragment without the id': {
    victim: 'b',
    stateless: true,
    send: ({ container, at }) => sendRaw(container, at.b, ...fragments(at.container, at.b, FRAME, 8)),
  },
  'a container, fragments': {
    victim: 'b',
    send: ({ container, at }) => sendRaw(container, at.b, ...fragments(at.container, at.b, FRAME, 16)),
  },
  'a container with IP options': {
    victim: 'b',
    only: 4,
    send: ({ container, at }) =>
      sendRaw(container, at.b, udpPacket(at.container, at.b, FRAME, 4789, Buffer.from([1, 1, 1, 0]))),
  },
  'a container behind extension headers': {
    victim: 'b',
    only: 6,
    send: ({ container, at }) => sendRaw(container, at.b, behindOptions(at.container, at.b, FRAME)),
  },
  'a container as another node, to its own host': {
    victim: 'a',
    send: ({ container, at }) => sendRaw(container, at.a, udpPacket(at.b, at.a, FRAME)),
  },
  'a container as another node, fragments to its own host': {
    victim: 'a',
    send: ({ container, at }) => sendRaw(container, at.a, ...fragments(at.b, at.a, FRAME, 8)),
  },
  'a container as another node, by multicast to its own host': {
    victim: 'a',
    send: ({ container, at }) => {
      for (let i = 0; i < 3; i++) sendRaw(container, at.multicast, udpPacket(at.b, at.multicast, FRAME));
    },
  },
  'a container, several in one to its own host': {
    victim: 'a',
    send: ({ container, at }) => sendUdp(container, at.a, DOUBLE, CUT),
  },
  'a container, several in one to the gateway': {
    victim: 'a',
    send: ({ container, at }) => sendUdp(container, at.gateway, DOUBLE, CUT),
  },
  'a process of a host to another host': { victim: 'b', send: ({ a, at }) => sendUdp(a, at.b, FRAME) },
  'a process of a host, several in one': { victim: 'b', send: ({ a, at }) => sendUdp(a, at.b, DOUBLE, CUT) },
  'a process of a host, fragments': {
    victim: 'b',
    send: ({ a, at }) => sendRaw(a, at.b, ...fragments(at.a, at.b, FRAME, 8)),
  },
  'a process of a host to its own': { victim: 'a', send: ({ a, at }) => sendUdp(a, at.a, FRAME) },
  'a process of a host to its own, several in one': {
    victim: 'a',
    send: ({ a, at }) => sendUdp(a, at.a, DOUBLE, CUT),
  },
  'a process of a host to its own loopback, as its VTEP': {
    victim: 'a',
    send: ({ a, at }) => sendUdp(a, at.loopback, FRAME, { source: at.a }),
  },
  'a process of a host with a packet socket, as another node': {
    victim: 'a',
    only: 4,
    send: ({ a, at }) => sendOnLink(a, 1, udpPacket(at.b, at.a, FRAME)),
  },
};

/** What was closed before there were chains but `input`: it stays so, also where that is all. */
const STRANGERS: Readonly<Record<string, Attack>> = {
  'a stranger on the LAN': { victim: 'a', send: ({ b, at }) => sendUdp(b, at.a, FRAME, { source: at.stranger }) },
  'a stranger, fragments': {
    victim: 'a',
    send: ({ b, at }) => sendRaw(b, at.a, ...fragments(at.stranger, at.a, FRAME, 8)),
  },
  'a stranger behind extension headers': {
    victim: 'a',
    only: 6,
    send: ({ b, at }) => sendRaw(b, at.a, behindOptions(at.stranger, at.a, FRAME)),
  },
  'a stranger with other flags': {
    victim: 'a',
    send: ({ b, at }) => sendUdp(b, at.a, vxlan(OURS, 60, 0x08), { source: at.stranger }),
  },
  'a container to its own host': { victim: 'a', send: ({ container, at }) => sendUdp(container, at.a, FRAME) },
};

const arrived = async (hosts: GuardedHosts, { victim, send }: Attack): Promise<boolean> =>
  (await hosts.received(hosts[victim], OURS, () => send(hosts))) > 0;

describe.each([4, 6] as const)('IPv%i', (underlay) => {
  const beds: GuardedHosts[] = [];
  const bed = async (masquerade: Masquerade, mode: GuardMode): Promise<GuardedHosts> => {
    const made = await GuardedHosts.make(underlay, masquerade, mode);
    beds.push(made);
    return made;
  };
  afterAll(() => {
    for (const made of beds.splice(0)) made.close();
  });
  const of = (attacks: Readonly<Record<string, Attack>>, masquerade: Masquerade) =>
    Object.entries(attacks).filter(
      ([, { only = underlay, stateless }]) => only === underlay && !(stateless && masquerade === 'conntrack'),
    );

  describe.each(['conntrack', 'stateless'] as const)('%s', (masquerade) => {
    let open: GuardedHosts;
    let guarded: GuardedHosts;
    beforeAll(async () => {
      open = await bed(masquerade, 'off');
      guarded = await bed(masquerade, 'on');
    });

    it.each(of(ATTACKS, masquerade))('%s', async (_, attack) => {
      expect(await arrived(open, attack)).toBe(true);
      expect(await arrived(guarded, attack)).toBe(false);
    });

    it.each(of(STRANGERS, masquerade))('%s', async (_, attack) => {
      await guarded.unguard();
      expect(await arrived(open, attack)).toBe(true);
      expect(await arrived(guarded, attack)).toBe(false);
    });
  });

  it.each(of(STRANGERS, 'conntrack'))('incoming: %s', async (_, attack) => {
    const hosts = beds.find(({ mode }) => mode === 'incoming') ?? (await bed('conntrack', 'incoming'));
    await hosts.unguard();
    expect(await arrived(hosts, attack)).toBe(false);
  });
});
