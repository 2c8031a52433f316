/** Stories of the mesh: given a cluster and a kernel, what is done, published and told, over restarts and rotations. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UserError } from '../../../../src/errors.js';
import { cryptVtep, wireguardName } from '../../../../src/model/crypt/vtep.js';
import type { EncryptionSettings } from '../../../../src/model/values/settings.js';
import type { Ip, Network, Node, NodeCrypt, NodeId, PublicKey } from '../../../../src/model/values/types.js';
import { CryptPlanner, type CryptPlannerParts } from '../../../../src/reconcile/mesh/crypt-planner.js';
import { KeyRotation } from '../../../../src/reconcile/mesh/key-rotation.js';
import { FakeKeys } from '../../../fakes/keys.js';
import { host, keyOf } from '../../model/crypt/mesh.js';
import { cluster, network } from '../../model/fixtures.js';
import { idOf, livingNode } from '../../nodes.js';
import { HostStory } from './host-story.js';

const DAY = 86_400_000;
const ENCRYPTED = network({ options: { encrypted: '' } });
const SETTINGS: EncryptionSettings = { mode: 'off', rotationMs: 7 * DAY, port: 51_820, keepalive: 0 };

let story: HostStory;
let keys: FakeKeys;
let rotation: KeyRotation;
let planner: CryptPlanner;
let published: (NodeCrypt | undefined)[];
let told: (ReadonlyMap<NodeId, Ip> | undefined)[];
/** How often the kernel was asked for WireGuard, which starts modprobe. */
let asked: number;

/** `kernel`: of an earlier process. */
function start(more: Partial<CryptPlannerParts> = {}, kernel?: HostStory['kernel']): void {
  story?.stop();
  story = new HostStory({
    ...(kernel && { kernel }),
    crypt: ({ log }, view) => {
      rotation = new KeyRotation({ keys, everyMs: 7 * DAY, log });
      planner = new CryptPlanner({
        ...{ view, keys, rotation, settings: SETTINGS, underlayMtu: () => 1500 },
        self: { id: idOf('10.0.0.1'), address: '10.0.0.1' as Node['address'] },
        membership: { networks: new Set() },
        tenure: { prunes: true, refusal: undefined },
        hasWireguard: async () => {
          asked++;
          return mesh().hasWireguard;
        },
        ...more,
      });
      planner.onKeys(() => {
        const crypt = planner.told;
        published.push(crypt);
        if (crypt === undefined) return;
        const self = { ...host(1), crypt };
        view.current = { ...view.current, nodes: new Map([...view.current.nodes, [self.id, self]]) };
      });
      planner.onVteps(() => void told.push(planner.meshVteps));
      return planner;
    },
  });
}

const mesh = () => story.kernel.mesh;
const given = (networks: readonly Network[], ...nodes: readonly Node[]) => {
  story.view.current = { ...cluster(networks, []), nodes: new Map(nodes.map((n) => [n.id, n])) };
};
const look = () => story.look('crypt');
/** Looks as often as the loop does. */
const wait = async (ms: number) => {
  for (let at = 0; at < ms; at += 1_000) {
    await vi.advanceTimersByTimeAsync(980);
    await look();
  }
};
const newest = () => keys.own.at(-1)?.key ?? keyOf(0);

beforeEach(() => {
  vi.useFakeTimers();
  [keys, published, told, asked] = [new FakeKeys(), [], [], 0];
  start();
  given([ENCRYPTED], host(1, 1), host(2, 2));
});
afterEach(() => {
  story.stop();
  vi.useRealTimers();
});

describe('a host', () => {
  test('makes its mesh while a network is encrypted, and takes it away with the last one', async () => {
    await look();
    expect(mesh().state?.devices).toMatchObject([
      { link: wireguardName(keyOf(1)), up: true, peers: [{ key: keyOf(2) }] },
    ]);
    expect(planner.meshVteps).toEqual(new Map([[idOf('10.0.0.2'), cryptVtep(keyOf(2))]]));
    given([network()], host(1, 1), host(2, 2));
    await look();
    expect(mesh().state).toBeUndefined();
    expect(planner.meshVteps?.size).toBe(0);
  });

  test('makes no key, asks for no module and tells nobody anything where all networks are plain', async () => {
    keys.held = [];
    start();
    mesh().hasWireguard = false;
    given([network()], host(2, 2));
    await wait(120_000);
    expect([story.done(), planner.told, keys.held, asked]).toEqual([[], undefined, [], 0]);
  });

  test('does not know whom it can send to before it has looked: nobody is taken for gone', async () => {
    expect(planner.meshVteps).toBeUndefined();
    await look();
    story.restart();
    expect(planner.meshVteps).toBeUndefined();
    await look();
    expect(planner.meshVteps?.size).toBe(1);
  });

  test('tells of the keys that it has before it has looked, for the others send to them', async () => {
    expect(planner.told).toEqual({ keys: [{ key: keyOf(1), port: 51_820 }] });
    await look();
    expect(published).toEqual([]);
  });

  test('without WireGuard tells of no key and does nothing, until it has it', async () => {
    mesh().hasWireguard = false;
    await wait(300_000);
    expect([published, story.done(), story.said()]).toEqual([[undefined], [], []]);
    expect(asked, 'each question starts modprobe').toBe(1);
    mesh().hasWireguard = true;
    await look();
    expect(published.at(-1)).toMatchObject({ keys: [{ port: 51_820 }] });
    expect(mesh().state?.devices).toHaveLength(1);
  });

  test.each<[string, Partial<CryptPlannerParts>, string]>([
    [
      'it has containers of an encrypted network',
      { membership: { networks: new Set([ENCRYPTED.id]) } },
      'an encrypted network',
    ],
    ['it is to encrypt', { settings: { ...SETTINGS, mode: 'on' } }, 'ENCRYPTION=on'],
  ])('without WireGuard says so while %s, and asks for the module each minute', async (_, more, words) => {
    start(more);
    given([ENCRYPTED], host(1, 1));
    mesh().hasWireguard = false;
    await wait(300_000);
    expect(story.said().join()).toMatch(new RegExp(`has no WireGuard .* which ${words}.* needs; load it`));
    expect(asked).toBeLessThan(7);
    mesh().hasWireguard = true;
    await wait(60_000);
    expect(mesh().state?.devices).toHaveLength(1);
  });

  test('tells of where it can be reached from outside, both ports in a row', async () => {
    start({ settings: { ...SETTINGS, endpoint: { address: '192.0.2.1' as Node['address'], port: 4000 } } });
    given([ENCRYPTED], host(1, 1));
    rotation.begin();
    await look();
    expect(published.at(-1)).toMatchObject({ endpoint: '192.0.2.1', keys: [{ port: 4000 }, { port: 4001 }] });
  });

  test('that must leave all alone does so', async () => {
    start({ tenure: { prunes: false, refusal: new UserError('its address is taken') } });
    given([ENCRYPTED], host(1, 1), host(2, 2));
    await look();
    expect(story.done()).toEqual([]);
  });

  test('takes nothing away before it has read the cluster', async () => {
    const tenure = { prunes: true, refusal: undefined };
    start({ tenure });
    given([ENCRYPTED], host(1, 1), host(2, 2));
    await look();
    tenure.prunes = false;
    story.restart();
    given([ENCRYPTED], host(1, 1));
    await look();
    expect(mesh().state?.devices[0]?.peers).toHaveLength(1);
  });

  test('keeps what is there while a record cannot be read, for that network may be encrypted', async () => {
    await look();
    given([], host(1, 1), host(2, 2));
    story.view.current = { ...story.view.current, unreadable: new Set([ENCRYPTED.id]) };
    await look();
    expect(mesh().state?.devices).toHaveLength(1);
  });

  test('mends what somebody broke, and says so', async () => {
    await look();
    expect(story.said()).toEqual([]);
    const { state } = mesh();
    if (state !== undefined) state.devices = [];
    await look();
    expect(story.said()).toContain('repaired the mesh that encrypts: createWireguard');
    expect(mesh().state?.devices).toMatchObject([{ up: true }]);
  });

  test('gets another key where a host before it in order has its own: DATA_DIR was copied', async () => {
    given([ENCRYPTED], { ...host(0, 1) }, host(1, 1));
    await look();
    expect(published.at(-1)).toEqual({ keys: [{ key: keyOf(101), port: 51_820 }] });
  });

  test('tells the networks of other addresses only when there are others', async () => {
    await look();
    await look();
    expect(told).toHaveLength(1);
    const before = planner.meshVteps;
    given([ENCRYPTED], host(1, 1), host(2, 2));
    await look();
    expect(planner.meshVteps).toBe(before);
  });
});

describe('rotation', () => {
  const everyoneUses = (device: PublicKey) => mesh().talk(device, keyOf(2));

  test('both keys are told of until the others have answered the new one and nothing comes by the old', async () => {
    await look();
    everyoneUses(keyOf(1));
    rotation.begin();
    await look();
    await look();
    expect(mesh().state?.devices.map((d) => d.key)).toEqual([keyOf(1), newest()]);
    expect(published.at(-1)?.keys).toHaveLength(2);
    // Nobody has answered yet: it goes on by the old one, for as long as that takes.
    await wait(60_000);
    expect(mesh().state?.routes).toMatchObject([{ link: wireguardName(keyOf(1)) }]);
    expect(keys.own).toHaveLength(2);
    everyoneUses(newest());
    await look();
    expect(mesh().state?.routes).toMatchObject([{ link: wireguardName(newest()) }]);
    // Whoever has not switched yet still sends by the old one.
    for (let n = 0; n < 5; n++) {
      mesh().talk(keyOf(1), keyOf(2));
      await wait(2_000);
      expect(published.at(-1)?.keys).toHaveLength(2);
    }
    await wait(2_000);
    expect(published.at(-1)?.keys).toMatchObject([{ key: newest() }]);
    expect(mesh().state?.devices, 'the others are told first').toHaveLength(2);
    await wait(3_000);
    expect(mesh().state?.devices.map((d) => d.key)).toEqual([newest()]);
  });

  test('of a host that is cut off from the store waits for it as long as it is talked to', async () => {
    given([ENCRYPTED], host(1, 1), { ...host(2, 2), alive: false });
    await look();
    everyoneUses(keyOf(1));
    rotation.begin();
    await wait(60_000);
    expect(keys.own).toHaveLength(2);
    // Its session has ended: nobody there.
    await wait(240_000);
    expect(keys.own).toHaveLength(1);
  });

  test('of another host: its new address is sent to once it has answered', async () => {
    await look();
    given([ENCRYPTED], host(1, 1), host(2, 2, 3));
    await look();
    expect(planner.meshVteps?.get(idOf('10.0.0.2'))).toBe(cryptVtep(keyOf(2)));
    mesh().talk(keyOf(1), keyOf(3));
    await look();
    expect(planner.meshVteps?.get(idOf('10.0.0.2'))).toBe(cryptVtep(keyOf(3)));
    given([ENCRYPTED], host(1, 1), host(2, 3));
    await look();
    expect(mesh().state?.devices[0]?.peers.map((p) => p.key)).toEqual([keyOf(3)]);
  });

  test.each<[string, () => void]>([
    ['is set back', () => void vi.setSystemTime(Date.now() - 3_600_000)],
    ['was set back since the key was made', () => void Object.assign(keys, { made: Date.now() + 3_600_000 })],
  ])('begins, once, when the clock %s: the others would refuse handshakes with the old key', async (_, jump) => {
    await wait(4_000);
    expect(keys.held).toHaveLength(1);
    jump();
    await wait(4_000);
    expect(keys.held).toHaveLength(2);
    mesh().talk(newest(), keyOf(2));
    await wait(10_000);
    expect(keys.held).toHaveLength(1);
    await wait(60_000);
    expect(keys.held).toHaveLength(1);
  });

  test('that cannot end while the clock is set back leaves both keys, for the others refuse both', async () => {
    given([ENCRYPTED], host(1, 1), host(2, 2), host(3, 3));
    await look();
    mesh().talk(keyOf(1), keyOf(2));
    rotation.begin();
    await look();
    // The other one's firewall blocks the new port.
    const second = newest();
    mesh().talk(second, keyOf(3));
    await wait(10_000);
    vi.setSystemTime(Date.now() - 3_600_000);
    await wait(20_000);
    expect(keys.held.map((k) => k.key)).toEqual([keyOf(1), second]);
    await wait(20_000);
    expect(keys.held).toEqual([{ key: newest(), port: 51_820 }]);
    expect([keyOf(1), second]).not.toContain(newest());
    expect(published.at(-1)?.keys).toEqual(keys.held);
    expect(mesh().state?.devices.map((d) => d.key)).toEqual([newest()]);
    mesh().talk(newest(), keyOf(2));
    await wait(60_000);
    expect(keys.held).toHaveLength(1);
  });

  test('begins when an earlier process had handshakes that are yet to come', async () => {
    keys.made = Date.now() - DAY;
    await look();
    mesh().talk(keyOf(1), keyOf(2));
    vi.setSystemTime(Date.now() - 3_600_000);
    story.restart();
    await look();
    expect(keys.held).toHaveLength(2);
  });

  test('begins by itself when the key is old', async () => {
    await look();
    keys.made = Date.now() - 7 * DAY - 1;
    await look();
    expect(keys.own).toHaveLength(2);
  });

  test('that was killed midway goes on', async () => {
    await look();
    rotation.begin();
    await look();
    story.restart();
    await look();
    expect(mesh().state?.devices).toHaveLength(2);
    mesh().talk(newest(), keyOf(2));
    await wait(8_000);
    expect(mesh().state?.devices.map((d) => d.key)).toEqual([newest()]);
  });

  test('that was killed midway waits, after a start without store and copy, until it knows the others', async () => {
    await look();
    rotation.begin();
    await look();
    const tenure = { prunes: false, refusal: undefined };
    start({ tenure }, story.kernel);
    story.view.current = { ...cluster([], []), complete: false };
    await wait(60_000);
    expect(keys.held).toHaveLength(2);
    given([ENCRYPTED], host(1, 1), host(2, 2));
    tenure.prunes = true;
    await wait(60_000);
    expect(keys.held, 'nobody has answered the new one').toHaveLength(2);
    mesh().talk(newest(), keyOf(2));
    await wait(8_000);
    expect(keys.held).toEqual([{ key: newest(), port: 51_821 }]);
  });

  test('by command is refused while there is no key in use, or one is being replaced', async () => {
    given([network()], host(1, 1), host(2, 2));
    await look();
    expect(() => planner.rotate()).toThrow('this host has no key in use, for there is no encrypted network');
    given([ENCRYPTED], host(1, 1), host(2, 2));
    await look();
    expect(planner.rotate()).toBe(newest());
    await story.settle();
    expect(mesh().state?.devices.map((d) => d.key)).toEqual([keyOf(1), newest()]);
    await look();
    expect(() => planner.rotate()).toThrow(`the key ${keyOf(1)} is being replaced already; it waits for 10.0.0.2`);
  });
});

test('a report says what the mesh is, and with whom it talks', async () => {
  expect(planner.report()).toMatchObject({ isUp: false, mode: 'off', rotationMs: 7 * DAY });
  given([ENCRYPTED], host(1, 1), host(2, 2), livingNode('10.0.0.3'));
  await look();
  mesh().talk(keyOf(1), keyOf(2));
  await look();
  expect(planner.report()).toMatchObject({
    isUp: true,
    keys: [{ key: keyOf(1), port: 51_820 }],
    waiting: [],
    peers: [
      { address: '10.0.0.2', hasKey: true, handshake: expect.any(Number), talks: true },
      { address: '10.0.0.3', hasKey: false, talks: false },
    ],
  });
  rotation.begin();
  await look();
  await look();
  expect(planner.report()).toMatchObject({ keys: [{ key: keyOf(1) }, { key: newest() }], waiting: ['10.0.0.2'] });
  await vi.advanceTimersByTimeAsync(200_000);
  expect(planner.report().peers[0]).toMatchObject({ talks: false });
});
