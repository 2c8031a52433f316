import { describe, expect, test } from 'vitest';
import { cryptSteps } from '../../../../src/model/crypt/diff.js';
import { type CryptMoment, type CryptSelf, cryptPlan } from '../../../../src/model/crypt/plan.js';
import type { CryptPlan, ObservedCrypt } from '../../../../src/model/crypt/steps.js';
import { wireguardName } from '../../../../src/model/crypt/vtep.js';
import type { Ip, Node } from '../../../../src/model/values/types.js';
import { host, keyOf, made, own, selfAt } from './mesh.js';

const nodes = [host(1, 1), host(2, 2), host(3, 3)];
const now = 1_060_000;
/** As the store itself says, so it prunes. */
const plan = (of: readonly Node[], self: CryptSelf, isProven: boolean, more: Partial<CryptMoment> = {}) =>
  cryptPlan(of, self, () => isProven, { now, prunes: true, ...more });
const first = plan(nodes, selfAt(1, own(1)), false);
const wanted = plan(nodes, selfAt(1, own(1)), false, { told: first.peers });
const steps = (of: CryptPlan | undefined, found: ObservedCrypt | undefined) =>
  cryptSteps(of, { isPossible: true, ...(found === undefined ? {} : { mesh: found }) });
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
    [{ ...made(wanted), strays: [{ link: 'eth0', up: true }] }, 'setCryptDown'],
    [{ ...made(wanted), routes: [] }, 'replaceCryptRoutes'],
  ])('that somebody spoilt is mended (%#: %s)', (found, kind) => {
    expect(kinds(wanted, found)).toEqual([kind]);
  });

  test('is let alone by what is in it and down: the kernel puts a tunl0 into each namespace, and keeps it there', () => {
    expect(steps(wanted, { ...made(wanted), strays: [{ link: 'tunl0', up: false }] })).toEqual([]);
  });

  test('forgets who is gone: nothing is sent there before he is no peer any more', () => {
    const less = plan([host(1, 1), host(2, 2)], selfAt(1, own(1)), false, { told: wanted.peers });
    expect(steps(less, made(wanted))).toMatchObject([
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
    expect(steps(wanted, roamed())).toEqual([]);
  });

  test('is set when its record says another place than before', () => {
    const place = (n: number): Node => ({ ...host(n, n), crypt: { keys: [{ key: keyOf(n), port: 51_830 }] } });
    const moved = plan([host(1, 1), place(2), place(3)], selfAt(1, own(1)), false, { told: wanted.peers });
    const endpoint = expect.objectContaining({ port: 51_830 });
    expect(steps(moved, made(wanted))).toMatchObject([
      { kind: 'putPeers', peers: [keyOf(2), keyOf(3)].map((key) => ({ key, endpoint })) },
    ]);
  });

  test('stays over a restart while its session lives, whatever the record says; by a clock that was set back it is none', () => {
    const restarted = (found: ObservedCrypt) => kinds(plan(nodes, selfAt(1, own(1)), false, { found }), found);
    expect(restarted(roamed(now - 100_000))).toEqual([]);
    for (const handshake of [undefined, now - 181_000, now + 3_600_000])
      expect(restarted(roamed(handshake))).toEqual(['putPeers']);
  });

  test('is not touched when something else of the peer changes; nor is its address, without which packets are dropped', () => {
    const kept = plan(nodes, { ...selfAt(1, own(1)), keepalive: 20 }, false, { told: wanted.peers });
    const peers = [keyOf(2), keyOf(3)].map((key) => ({ key, keepalive: 20 }));
    expect(steps(kept, roamed())).toEqual([expect.objectContaining({ kind: 'putPeers', peers })]);
  });

  test('is not touched when somebody has changed its address, which is put back', () => {
    const peers = made(wanted).devices[0]?.peers.map((p) => ({ ...p, allowed: ['0.0.0.0/0'] })) ?? [];
    expect(steps(wanted, spoilt({ peers }))).toEqual([
      expect.objectContaining({
        kind: 'putPeers',
        peers: wanted.peers.map(({ key, vtep, keepalive }) => ({ key, vtep, keepalive })),
      }),
    ]);
  });
});

test('what nobody wants stays while the wish did not come from the store itself', () => {
  const less = plan([host(1, 1)], selfAt(1, own(1)), false, { told: wanted.peers, prunes: false });
  expect(steps(less, made(wanted))).toEqual([]);
});

describe('rotation', () => {
  const self = selfAt(1, own(1), own(4, 1));
  const both = plan([host(1, 1, 4), ...nodes.slice(1)], self, false, { told: wanted.peers });

  test('the second device comes beside the first, with all peers', () => {
    expect(kinds(both, made(wanted))).toEqual([...['createWireguard', 'putPeers', 'addVtep', 'setCryptUp']]);
  });

  test('the first goes last, after all that was sent by it goes by the second', () => {
    const after = plan([host(1, 4), ...nodes.slice(1)], selfAt(1, own(4, 1)), true, { told: both.peers });
    expect(kinds(after, made(both))).toEqual(['putPeers', 'replaceCryptRoutes', 'removeCryptLink']);
  });

  test('a device whose port a new one is to have goes before that, for both cannot be up', () => {
    const lost = plan([host(1, 9), ...nodes.slice(1)], selfAt(1, own(9)), false);
    expect(steps(lost, made(both)).map((step) => ('link' in step ? [step.kind, step.link] : [step.kind]))).toEqual([
      ['removeCryptLink', wireguardName(keyOf(1))],
      ...[['createWireguard'], ['putPeers', wireguardName(keyOf(9))], ['addVtep', wireguardName(keyOf(9))]],
      ...[['setCryptUp', wireguardName(keyOf(9))], ['replaceCryptRoutes']],
      ['removeCryptLink', wireguardName(keyOf(4))],
    ]);
    expect(kinds({ ...lost, prunes: false }, made(both))).not.toContain('removeCryptLink');
  });
});
