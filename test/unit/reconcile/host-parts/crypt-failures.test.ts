/** Stories of a mesh of which something cannot be made: the rest of it is, and it comes right by itself. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OwnKey } from '../../../../src/model/crypt/plan.js';
import { cryptVtep, wireguardName } from '../../../../src/model/crypt/vtep.js';
import type { EncryptionSettings } from '../../../../src/model/values/settings.js';
import type { Ip, Node } from '../../../../src/model/values/types.js';
import { CryptPlanner } from '../../../../src/reconcile/mesh/crypt-planner.js';
import { KeyRotation } from '../../../../src/reconcile/mesh/key-rotation.js';
import { FakeKeys } from '../../../fakes/keys.js';
import { host, keyOf, own } from '../../model/crypt/mesh.js';
import { cluster, network } from '../../model/fixtures.js';
import { idOf } from '../../nodes.js';
import { HostStory } from './host-story.js';

const SETTINGS: EncryptionSettings = { mode: 'off', rotationMs: 0, port: 51_820, keepalive: 0 };

let story: HostStory;
let keys: FakeKeys;
let rotation: KeyRotation;

const mesh = () => story.kernel.mesh;
const devices = () => mesh().state?.devices.map(({ key, port, up }) => ({ key, port, up }));
const given = (...nodes: readonly Node[]) => {
  const networks = [network({ options: { encrypted: '' } })];
  story.view.current = { ...cluster(networks, []), nodes: new Map(nodes.map((n) => [n.id, n])) };
};
const look = () => story.look('crypt');
const failing = () => story.rows('host.crypt').join();
/** Another DATA_DIR, or another WIREGUARD_PORT. */
const restartWith = async (...held: readonly OwnKey[]) => {
  keys.held = held;
  story.restart();
  await look();
};

beforeEach(() => {
  vi.useFakeTimers();
  keys = new FakeKeys();
  story = new HostStory({
    crypt: ({ log }, view) => {
      rotation = new KeyRotation({ keys, everyMs: 0, log });
      return new CryptPlanner({
        ...{ view, keys, rotation, settings: SETTINGS, underlayMtu: () => 1500 },
        self: { id: idOf('10.0.0.1'), address: '10.0.0.1' as Node['address'] },
        membership: { networks: new Set() },
        tenure: { prunes: true, refusal: undefined },
        hasWireguard: async () => true,
      });
    },
  });
  given(host(1, 1), host(2, 2));
});
afterEach(() => {
  story.stop();
  vi.useRealTimers();
});

describe('keys that are others than before', () => {
  test.each<[string, readonly OwnKey[], readonly OwnKey[]]>([
    ['keys.json was lost', [own(1)], [own(9)]],
    ['keys.json was lost while there were two', [own(1), own(4, 1)], [own(9)]],
    ['both were copies', [own(1), own(4, 1)], [own(9, 1)]],
    ['keys.json is an older one', [own(4, 1), own(5)], [own(1), own(4, 1)]],
  ])('have their ports, though the old devices still stand: %s', async (_, before, after) => {
    await restartWith(...before);
    expect(devices()).toHaveLength(before.length);
    await restartWith(...after);
    expect(failing()).toBe('');
    expect(new Set(devices())).toEqual(new Set(after.map((key) => ({ ...key, up: true }))));
  });

  test('have other ports, each of which the other one had', async () => {
    await restartWith(own(1), own(4, 1));
    await restartWith(own(1, 1), own(4, 2));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(devices()).toEqual([own(1, 1), own(4, 2)].map((key) => ({ ...key, up: true })));
  });
});

describe('a port that another program has', () => {
  test('keeps a second device from being up, and nothing else: hosts come and go meanwhile', async () => {
    await look();
    mesh().taken.add(51_821);
    rotation.begin();
    await look();
    expect(failing()).toContain('another program has UDP port 51821');
    given(host(1, 1), host(3, 5));
    await look();
    expect(mesh().state?.devices[0]).toMatchObject({ up: true, peers: [{ key: keyOf(5) }] });
    expect(mesh().state?.routes.map((route) => route.to)).toEqual([cryptVtep(keyOf(5))]);
    expect(failing()).toContain('another program has UDP port 51821');
    mesh().taken.clear();
    await vi.advanceTimersByTimeAsync(12_000);
    expect(failing()).toBe('');
    expect(devices()).toMatchObject([{ up: true }, { up: true }]);
  });

  test('keeps a device on its old one, by which hosts come and go', async () => {
    await look();
    mesh().taken.add(51_830);
    given(host(1, 1), host(3, 5));
    await restartWith(own(1, 10));
    expect(failing()).toContain('another program has UDP port 51830');
    expect(mesh().state?.devices).toMatchObject([{ port: 51_820, up: true, peers: [{ key: keyOf(5) }] }]);
    expect(mesh().state?.routes.map((route) => route.to)).toEqual([cryptVtep(keyOf(5))]);
  });

  test('keeps the older one of two down: the other one works', async () => {
    mesh().taken.add(51_820);
    await restartWith(own(1), own(4, 1));
    expect(devices()).toMatchObject([{ up: false }, { key: keyOf(4), up: true }]);
    expect(failing()).toContain('another program has UDP port 51820');
  });
});

describe('a peer that roams while something of the mesh cannot be made', () => {
  const record = (port: number): Node => ({ ...host(2, 2), crypt: { keys: [{ key: keyOf(2), port }] } });
  const elsewhere = { address: '192.0.2.1' as Ip, port: 1234 };
  const places = () => mesh().state?.devices.map(({ peers }) => peers.find(({ key }) => key === keyOf(2))?.endpoint);

  test.each([
    ['that it had never been said to be in', async () => {}],
    ['that its record says after another one', () => look()],
  ])('is looked for once in the place %s', async (_, first) => {
    await first();
    mesh().taken.add(51_821);
    rotation.begin();
    given(host(1, 1), record(51_830));
    await look();
    expect(places()).toMatchObject([{ port: 51_830 }, { port: 51_830 }]);
    mesh().roam(keyOf(2), elsewhere);
    await look();
    await look();
    expect(failing()).toContain('another program has UDP port 51821');
    expect(places()).toEqual([elsewhere, elsewhere]);
    given(host(1, 1), record(51_840));
    await look();
    expect(places()).toMatchObject([{ port: 51_840 }, { port: 51_840 }]);
  });

  test('is still to be found in a new place that one device alone could be told of', async () => {
    mesh().taken.add(51_821);
    rotation.begin();
    await look();
    given(host(1, 1), record(51_830));
    const second = wireguardName(keys.held[1]?.key ?? keyOf(1));
    story.kernel.fails = (step) =>
      step.kind === 'putPeers' && step.link === second ? new Error('ENOBUFS') : undefined;
    await look();
    story.kernel.fails = () => undefined;
    await look();
    expect(places()).toMatchObject([{ port: 51_830 }, { port: 51_830 }]);
  });
});

test('no device is up in a mesh that sends on what comes in', async () => {
  story.kernel.fails = ({ kind }) => (kind === 'quietMesh' ? new Error('EROFS') : undefined);
  await look();
  expect(failing()).toContain('EROFS');
  expect(devices()).toEqual([]);
});

test('an old device stays while the new one is not all that it should be', async () => {
  await restartWith(own(1), own(4, 1));
  story.kernel.fails = ({ kind }) => (kind === 'replaceCryptRoutes' ? new Error('ENOBUFS') : undefined);
  mesh().talk(keyOf(4), keyOf(2));
  await restartWith(own(4, 1));
  expect(failing()).toContain('ENOBUFS');
  expect(devices()).toHaveLength(2);
  story.kernel.fails = () => undefined;
  await vi.advanceTimersByTimeAsync(12_000);
  expect(mesh().state?.routes).toMatchObject([{ link: wireguardName(keyOf(4)) }]);
  expect(devices()).toMatchObject([{ key: keyOf(4) }]);
});

test('a peer’s new place that could not be set is set as soon as it can be', async () => {
  await look();
  given(host(1, 1), { ...host(2, 2), crypt: { keys: [{ key: keyOf(2), port: 51_830 }] } });
  story.kernel.fails = ({ kind }) => (kind === 'putPeers' ? new Error('ENOBUFS') : undefined);
  await look();
  expect(failing()).toContain('ENOBUFS');
  story.kernel.fails = () => undefined;
  await look();
  expect(mesh().state?.devices[0]?.peers).toMatchObject([{ endpoint: { port: 51_830 } }]);
});

test('what is in the mesh and up is taken down once, and said once', async () => {
  await look();
  const { state } = mesh();
  if (state !== undefined) state.strays = [{ link: 'tunl0', up: true }];
  for (let i = 0; i < 5; i++) await look();
  expect(story.said()).toEqual(['repaired the mesh that encrypts: setCryptDown']);
});
