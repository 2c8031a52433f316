/** One container of which the engine says nothing holds up neither the others' names nor what is freed. */
import { expect, it, vi } from 'vitest';
import type { Engine, EngineContainer } from '../../../../src/model/ports/engine-port.js';
import type { EndpointId, EngineNetworkId } from '../../../../src/model/values/types.js';
import { ContainerPass } from '../../../../src/reconcile/engine/container-pass.js';
import { FakeStore } from '../../../fakes/store.js';
import { hexId, makeHost } from '../../registry/host.js';

it('goes on after five seconds, says so once, and frees what the engine has no more', async () => {
  const store = new FakeStore();
  const one = await makeHost(store, '10.0.0.60');
  const network = await one.createNetwork(1);
  await one.networksSeen(network);
  const gone = await one.run(7, network);
  const alive = await one.run(8, network);
  await one.endpoints.awaitSeen(network, alive.id, 1_000);
  const container = (endpoint: EndpointId): EngineContainer => ({
    ...{ id: hexId(80), sandbox: '/run/docker/netns/0123456789ab' },
    attachments: [
      {
        network: hexId(1) as EngineNetworkId,
        endpoint,
        names: ['web'],
        linkLocal: [],
        lookup: { links: [], priority: 0 },
      },
    ],
  });
  const engine: Partial<Engine> = {
    containers: async () => ['hangs', 'tells'],
    container: (id) => (id === 'hangs' ? new Promise(() => {}) : Promise.resolve(container(alive.id))),
    networks: async () => [
      { id: hexId(1) as EngineNetworkId, name: 'shop', labels: {}, attachable: false, ranges: new Map() },
    ],
    endpoints: async () => new Map([[alive.id, { names: ['web'] }]]),
  };
  const warn = vi.fn();
  const now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => now + 90_000);
  const pass = new ContainerPass({
    ...one,
    engine: engine as Engine,
    memory: { clusterIdOf: () => network },
    tenure: { holds: true, prunes: true },
    host: { kick: () => {}, calm: () => {} },
    onPlaced: () => {},
    log: { warn, debug: () => {} },
  });
  pass.kickAll();
  await vi.waitFor(async () => expect(await store.keys(`endpoints/${network}/`)).toHaveLength(1), 8_000);
  expect((await store.keys(`endpoints/${network}/`))[0]).toContain(alive.id);
  expect(warn.mock.calls[0]?.[0]).toEqual({ container: 'hangs', err: 'no answer within 5 s' });
  expect(one.local.isLive(gone.id)).toBe(false);
  pass.stop();
  one.stop();
  vi.restoreAllMocks();
});
