import { describe, expect, test } from 'vitest';
import { type CryptSelf, cryptVteps, type Proven, cryptPlan as planOf } from '../../../../src/model/crypt/plan.js';
import { cryptVtep, wireguardName } from '../../../../src/model/crypt/vtep.js';
import { meshMtu } from '../../../../src/model/plan/underlay.js';
import type { Node, NodeAddress, NodeId, PublicKey } from '../../../../src/model/values/types.js';
import { host, keyOf, own, selfAt } from './mesh.js';

const cryptPlan = (nodes: Iterable<Node>, self: CryptSelf, proven: Proven) =>
  planOf(nodes, self, proven, { now: 0, prunes: true });
const never: Proven = () => false;
const always: Proven = () => true;

test('an address and a name are made of a key', () => {
  expect(cryptVtep(keyOf(0))).toMatch(/^10\.\d+\.\d+\.\d+$/);
  expect(cryptVtep(keyOf(1))).not.toBe(cryptVtep(keyOf(2)));
  // IFNAMSIZ is 16 with the NUL.
  expect(wireguardName(keyOf(1))).toMatch(/^wg[0-9a-f]{8}$/);
});

test('what is encrypted fills a packet of the underlay: 60 bytes over IPv4, 80 over IPv6', () => {
  expect(meshMtu({ address: '10.0.0.1' as NodeAddress, mtu: 1500 })).toBe(1440);
  expect(meshMtu({ address: 'fd00::1' as NodeAddress, mtu: 1500 })).toBe(1420);
});

describe('with one key everywhere', () => {
  const nodes = [
    host(1, 1),
    host(2, 2),
    { ...host(3, 3), crypt: { endpoint: '192.0.2.7', keys: host(3, 3).crypt?.keys } },
  ];
  const plan = cryptPlan(nodes as Node[], selfAt(1, own(1)), never);

  test('there is one device, and each other host is a peer where its record says', () => {
    expect(plan.devices).toEqual([
      { link: wireguardName(keyOf(1)), key: keyOf(1), vtep: cryptVtep(keyOf(1)), port: 51_820, mtu: 1440 },
    ]);
    expect(plan.peers).toEqual([
      { key: keyOf(2), vtep: cryptVtep(keyOf(2)), endpoint: { address: '10.0.0.2', port: 51_820 }, keepalive: 25 },
      { key: keyOf(3), vtep: cryptVtep(keyOf(3)), endpoint: { address: '192.0.2.7', port: 51_820 }, keepalive: 25 },
    ]);
    expect(plan.routes).toEqual(
      [2, 3].map((n) => ({
        to: cryptVtep(keyOf(n)),
        link: wireguardName(keyOf(1)),
        source: cryptVtep(keyOf(1)),
      })),
    );
  });

  test('of two hosts the first by its id asks the other for a handshake, until it has answered', () => {
    const ids = nodes.map(({ id }) => id).sort();
    for (const [i, { id }] of nodes.entries()) {
      const self = selfAt(i + 1, own(i + 1));
      const asked = nodes.filter((node) => node.id > id).length;
      expect(asked).toBe(2 - ids.indexOf(id));
      const keepalives = (proven: Proven) => cryptPlan(nodes as Node[], self, proven).peers.map((p) => p.keepalive);
      expect(keepalives(never).filter((s) => s === 25)).toHaveLength(asked);
      expect(keepalives(always)).toEqual([0, 0]);
    }
  });

  test('a host that cannot encrypt is none, and is sent nothing', () => {
    const { crypt: _, ...plain } = host(2, 2);
    expect(cryptPlan([host(1, 1), plain], selfAt(1, own(1)), never)).toMatchObject({ peers: [], routes: [] });
    expect(cryptVteps([host(1, 1), plain], selfAt(1, own(1)), never).size).toBe(0);
  });

  test('a keepalive that was set is that of every peer', () => {
    const self = { ...selfAt(1, own(1)), keepalive: 20 };
    expect(cryptPlan(nodes as Node[], self, never).peers.map((p) => p.keepalive)).toEqual([20, 20]);
  });
});

describe('what somebody forged', () => {
  test('this host’s own key is nobody else’s', () => {
    expect(cryptPlan([host(1, 1), host(2, 1, 2)], selfAt(1, own(1)), never).peers.map((p) => p.key)).toEqual([
      keyOf(2),
    ]);
  });

  test('a key that two hosts say they have is the first one’s, on every host alike', () => {
    const nodes = [host(3, 7), host(2, 7)];
    for (const order of [nodes, [...nodes].reverse()]) {
      expect(cryptPlan(order, selfAt(1, own(1)), never).peers).toMatchObject([{ endpoint: { address: '10.0.0.2' } }]);
      expect([...cryptVteps(order, selfAt(1, own(1)), never).keys()]).toEqual([host(2).id]);
    }
  });
});

describe('while a peer has two keys', () => {
  const nodes = [host(1, 1), host(2, 2, 3)];
  const self = selfAt(1, own(1));
  const to = (proven: Proven) => cryptVteps(nodes, self, proven).get(host(2).id as NodeId);
  const onlyNew: Proven = (_, peer: PublicKey) => peer === keyOf(3);

  test('it is sent to by the old one until the new one has answered', () => {
    expect(to(never)).toBe(cryptVtep(keyOf(2)));
    expect(to((_, peer) => peer === keyOf(2))).toBe(cryptVtep(keyOf(2)));
    expect(to(onlyNew)).toBe(cryptVtep(keyOf(3)));
    expect(to(always)).toBe(cryptVtep(keyOf(3)));
  });

  test('a key that has not answered is provoked, and let be once it has', () => {
    expect(cryptPlan(nodes, self, never).peers.map((p) => p.keepalive)).toEqual([25, 25]);
    expect(cryptPlan(nodes, self, (_, peer) => peer === keyOf(2)).peers.map((p) => p.keepalive)).toEqual([0, 25]);
    expect(cryptPlan(nodes, self, always).peers.map((p) => p.keepalive)).toEqual([0, 0]);
  });

  test.each([0, 20])(
    'nothing is said to a key that another one is sent to after (keepalive %d): its host waits for silence there',
    (keepalive) => {
      const saying = { ...self, keepalive };
      expect(cryptPlan(nodes, saying, onlyNew).peers.map((p) => p.keepalive)).toEqual([0, keepalive]);
      expect(cryptPlan(nodes, saying, always).peers.map((p) => p.keepalive)).toEqual([0, keepalive]);
    },
  );

  test('a keepalive that was set is that of both while the old one is sent to', () => {
    const saying = { ...self, keepalive: 20 };
    for (const proven of [never, (_: PublicKey, peer: PublicKey) => peer === keyOf(2)])
      expect(cryptPlan(nodes, saying, proven).peers.map((p) => p.keepalive)).toEqual([20, 20]);
  });
});

describe('while this host has two keys', () => {
  const nodes = [host(1, 1, 2), host(2, 3), host(3, 4)];
  const self = selfAt(1, own(1), own(2, 1));

  test('there are two devices with all peers, and each peer is sent to by the newest that it has answered', () => {
    const plan = cryptPlan(nodes, self, (device, peer) => device === keyOf(1) || peer === keyOf(4));
    expect(plan.devices.map((d) => [d.key, d.port])).toEqual([
      [keyOf(1), 51_820],
      [keyOf(2), 51_821],
    ]);
    expect(plan.routes.map((r) => r.link)).toEqual([wireguardName(keyOf(1)), wireguardName(keyOf(2))]);
    expect(plan.peers.map((p) => p.keepalive)).toEqual([25, 0]);
  });
});
