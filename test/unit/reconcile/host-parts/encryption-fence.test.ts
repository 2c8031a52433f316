import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Cidr, Network } from '../../../../src/model/values/types.js';
import { cluster, network, networkId } from '../../model/fixtures.js';
import { HostStory } from './host-story.js';

let story: HostStory;
beforeEach(() => {
  vi.useFakeTimers();
  story = new HostStory();
});
afterEach(() => {
  story.stop();
  vi.useRealTimers();
});

const look = async (...networks: readonly Network[]) => {
  story.view.current = cluster(networks, []);
  await story.look('encryptionFence');
  return story.done();
};
const encrypted = network({ options: { encrypted: '' } });

test('stands around the subnets of encrypted networks alone, and goes with the last of them', async () => {
  expect(await look(network())).toEqual([]);
  expect(await look(encrypted)).toEqual(['replaceEncryptionFence: missing']);
  expect(story.kernel.fence).toEqual({ subnets: ['172.16.1.0/24'] });
  expect(await look(encrypted)).toEqual([]);
  expect(await look()).toEqual(['removeEncryptionFence: no network is encrypted']);
});

test('is made anew when somebody has removed it, and by the next process', async () => {
  await look(encrypted);
  story.kernel.flush();
  await vi.advanceTimersByTimeAsync(2_500);
  expect(story.done()).toEqual(['replaceEncryptionFence: missing']);
  expect(story.said()).toContain('repaired the fence around encrypted networks, which somebody had removed');
  story.restart();
  expect(await look(encrypted)).toEqual(['replaceEncryptionFence: not as this process makes it']);
});

describe('while the cluster is not read yet, or is what the copy of an earlier process says', () => {
  const two = [
    encrypted,
    network({
      id: networkId(2),
      options: { encrypted: '' },
      subnets: [{ pool: '172.16.2.0/24' as Cidr, aux: {}, vni: 257 }],
    }),
  ];

  test('is neither taken away nor made smaller', async () => {
    await look(...two);
    story.tenure.prunes = false;
    expect(await look()).toEqual([]);
    expect(await look(encrypted)).toEqual([]);
    expect(story.kernel.fence).toEqual({ subnets: ['172.16.1.0/24', '172.16.2.0/24'] });
    story.tenure.prunes = true;
    expect(await look(encrypted)).toEqual(['replaceEncryptionFence: around other subnets']);
  });

  test('what an earlier process made stays, and where there is none it is made around what is known', async () => {
    await look(...two);
    story.restart();
    story.tenure.prunes = false;
    expect(await look()).toEqual([]);
    expect(await look(encrypted)).toEqual([]);
    story.kernel.flush();
    expect(await look(encrypted)).toEqual(['replaceEncryptionFence: missing']);
  });
});
