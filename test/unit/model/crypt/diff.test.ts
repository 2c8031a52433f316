import { describe, expect, test } from 'vitest';
import { cryptDiff } from '../../../../src/model/crypt/diff.js';
import { cryptPlan } from '../../../../src/model/crypt/plan.js';
import type { CryptPlan, ObservedCrypt } from '../../../../src/model/crypt/steps.js';
import type { Ip } from '../../../../src/model/values/types.js';
import { host, keyOf, made, own, selfAt } from './mesh.js';

const nodes = [host(1, 1), host(2, 2), host(3, 3)];
const wanted = cryptPlan(nodes, selfAt(1, own(1)), () => false);
const now = 1_060_000;
const steps = (plan: CryptPlan | undefined, found: ObservedCrypt | undefined, before?: CryptPlan) =>
  cryptDiff(plan, found, { now, ...(before === undefined ? {} : { before }) });
const kinds = (...of: Parameters<typeof steps>) => steps(...of).map((s) => s.kind);
const spoilt = (change: Partial<ObservedCrypt['devices'][number]>): ObservedCrypt => ({
  ...made(wanted),
  devices: made(wanted).devices.map((d) => ({ ...d, ...change })),
});

describe('a mesh', () => {
  test('that is not there is made, and its device is up only once it has its key, peers and address', () => {
    expect(kinds(wanted, undefined)).toEqual([
      ...['createCrypt', 'quietMesh', 'createWireguard', 'putPeers', 'addVtep', 'setCryptUp'],
      'replaceCryptRoutes',
    ]);
  });

  test('that is as planned is left alone, and one that nobody wants goes', () => {
    expect(steps(wanted, made(wanted))).toEqual([]);
    expect(steps(undefined, made(wanted))).toMatchObject([{ kind: 'removeCrypt', prune: true }]);
    expect(steps(undefined, undefined)).toEqual([]);
  });

  test.each([
    [spoilt({ up: false }), 'setCryptUp'],
    [spoilt({ mtu: 1420 }), 'setCryptMtu'],
    [spoilt({ addresses: [] }), 'addVtep'],
    [spoilt({ key: keyOf(9) }), 'setWireguard'],
    [spoilt({ port: 4444 }), 'setWireguard'],
    [spoilt({ peers: [] }), 'putPeers'],
    [{ ...made(wanted), quiet: false }, 'quietMesh'],
    [{ ...made(wanted), unmounted: true as const }, 'mountCrypt'],
    [{ ...made(wanted), strays: ['eth0'] }, 'removeCryptLink'],
    [{ ...made(wanted), routes: [] }, 'replaceCryptRoutes'],
  ])('that somebody spoilt is mended (%#: %s)', (found, kind) => {
    expect(kinds(wanted, found)).toEqual([kind]);
  });

  test('forgets who is gone: nothing is sent there before he is no peer any more', () => {
    const less = cryptPlan([host(1, 1), host(2, 2)], selfAt(1, own(1)), () => false);
    expect(steps(less, made(wanted), wanted)).toMatchObject([
      { kind: 'removeCryptRoutes', prune: true },
      { kind: 'removePeers', keys: [keyOf(3)], prune: true },
    ]);
  });
});

describe('where a peer is', () => {
  const elsewhere = { address: '192.0.2.1' as Ip, port: 1234 };
  const roamed = (handshake?: number): ObservedCrypt => ({
    ...made(wanted),
    devices: made(wanted).devices.map((d) => ({
      ...d,
      peers: d.peers.map((p) => ({ ...p, endpoint: elsewhere, ...(handshake === undefined ? {} : { handshake }) })),
    })),
  });

  test('stays where it has roamed to', () => {
    expect(steps(wanted, roamed(), wanted)).toEqual([]);
  });

  test('is set when its record says another place than before', () => {
    const moved = { ...wanted, peers: wanted.peers.map((p) => ({ ...p, endpoint: { ...p.endpoint, port: 51_830 } })) };
    expect(steps(moved, made(wanted), wanted)).toMatchObject([
      { kind: 'putPeers', placed: new Set([keyOf(2), keyOf(3)]) },
    ]);
  });

  test('stays over a restart while its session lives, whatever the record says; by a clock that was set back it is none', () => {
    expect(steps(wanted, roamed(now - 100_000))).toEqual([]);
    for (const handshake of [undefined, now - 181_000, now + 3_600_000])
      expect(kinds(wanted, roamed(handshake))).toEqual(['putPeers']);
  });

  test('is not touched when something else of the peer changes', () => {
    const kept = { ...wanted, peers: wanted.peers.map((p) => ({ ...p, keepalive: 25 })) };
    expect(steps(kept, roamed(), wanted)).toMatchObject([{ kind: 'putPeers', placed: new Set() }]);
  });
});

describe('rotation', () => {
  const both = cryptPlan([host(1, 1, 4), ...nodes.slice(1)], selfAt(1, own(1), own(4, 1)), () => false);

  test('the second device comes beside the first, with all peers', () => {
    expect(kinds(both, made(wanted), wanted)).toEqual([
      // To provoke handshakes.
      'putPeers',
      ...['createWireguard', 'putPeers', 'addVtep', 'setCryptUp'],
    ]);
  });

  test('the first goes last, after all that was sent by it goes by the second', () => {
    const after = cryptPlan([host(1, 4), ...nodes.slice(1)], selfAt(1, own(4, 1)), () => true);
    expect(kinds(after, made(both), both)).toEqual(['putPeers', 'replaceCryptRoutes', 'removeCryptLink']);
  });
});
