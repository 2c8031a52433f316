/** Stories of a mesh of which something cannot be made: the rest of it is, and it comes right by itself. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EncryptionSettings } from '../../../../src/model/values/settings.js';
import type { Node } from '../../../../src/model/values/types.js';
import { CryptPlanner } from '../../../../src/reconcile/mesh/crypt-planner.js';
import { KeyRotation } from '../../../../src/reconcile/mesh/key-rotation.js';
import { FakeKeys } from '../../../fakes/keys.js';
import { host } from '../../model/crypt/mesh.js';
import { cluster, network } from '../../model/fixtures.js';
import { idOf } from '../../nodes.js';
import { HostStory } from './host-story.js';

const SETTINGS: EncryptionSettings = { mode: 'off', rotationMs: 0, port: 51_820, keepalive: 0 };

let story: HostStory;
let keys: FakeKeys;

const mesh = () => story.kernel.mesh;
const devices = () => mesh().state?.devices.map(({ key, port, up }) => ({ key, port, up }));
const given = (...nodes: readonly Node[]) => {
  const networks = [network({ options: { encrypted: '' } })];
  story.view.current = { ...cluster(networks, []), nodes: new Map(nodes.map((n) => [n.id, n])) };
};
const look = () => story.look('crypt');
const failing = () => story.rows('host.crypt').join();
beforeEach(() => {
  vi.useFakeTimers();
  keys = new FakeKeys();
  story = new HostStory({
    crypt: ({ log }, view) => {
      const rotation = new KeyRotation({ keys, everyMs: 0, log });
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

test('no device is up in a mesh that sends on what comes in', async () => {
  story.kernel.fails = ({ kind }) => (kind === 'quietMesh' ? new Error('EROFS') : undefined);
  await look();
  expect(failing()).toContain('EROFS');
  expect(devices()).toEqual([]);
});

test('what is in the mesh and up is taken down once, and said once', async () => {
  await look();
  const { state } = mesh();
  if (state !== undefined) state.strays = [{ link: 'tunl0', up: true }];
  for (let i = 0; i < 5; i++) await look();
  expect(story.said()).toEqual(['repaired the mesh that encrypts: setCryptDown']);
});
