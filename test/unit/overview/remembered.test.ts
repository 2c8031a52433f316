import { expect, it } from 'vitest';
import { keys } from '../../../src/model/values/names.js';
import { rememberedCluster } from '../../../src/overview/remembered.js';
import { NETWORK, storeWith } from './scene.js';

it('what a host knew last is a cluster again; garbage is left out', async () => {
  const store = storeWith('web').forge({ 'networks/garbage': '{', 'endpoints/x/y/z': '' });
  const prefixes = [keys.nodes, keys.networks, keys.endpoints(NETWORK), 'endpoints/x/'];
  const lists = await Promise.all(prefixes.map(async (p) => [p, [...(await store.list(p)).entries]] as const));
  const cluster = rememberedCluster(Object.fromEntries(lists));
  expect([...cluster.nodes.values()].map(({ hostname }) => hostname)).toEqual(['docker01', 'docker02']);
  expect([...cluster.networks.keys()]).toEqual([NETWORK]);
  expect([...(cluster.endpoints.get(NETWORK)?.values() ?? [])].map(({ names }) => names[0])).toEqual(['web']);
  expect([cluster.endpoints.size, cluster.complete]).toEqual([1, false]);
});
