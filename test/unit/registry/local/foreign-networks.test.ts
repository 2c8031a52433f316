/** What is kept of networks of other drivers, and for how long. */
import { expect, it } from 'vitest';
import type { Attachment, EngineContainer } from '../../../../src/model/ports/engine-port.js';
import type { Cidr, EndpointId, EngineNetworkId } from '../../../../src/model/values/types.js';
import { ForeignNetworks } from '../../../../src/registry/local/foreign-networks.js';

const id = (name: string): EngineNetworkId => name as EngineNetworkId;
const traits = (name: string) => ({ name, internal: false });

/** On the named networks; `ours` is of our driver. */
function container(name: string, ...networks: readonly string[]): EngineContainer {
  const attachment = (network: string): Attachment => ({
    network: id(network),
    endpoint: `${network}-${name}` as EndpointId,
    names: [name],
    ...{ linkLocal: [], lookup: { links: [], priority: 0 }, gateways: 1 },
    addresses: ['172.30.0.2/24' as Cidr],
  });
  return { id: name, sandbox: `/run/${name}`, attachments: networks.map(attachment) };
}

function makeNetworks(): ForeignNetworks {
  return new ForeignNetworks({ isLive: (endpoint) => endpoint.startsWith('ours') });
}

/** As the pass does it once it has looked. */
function look(networks: ForeignNetworks, ...nameless: readonly string[]): void {
  for (const [network, state] of networks.all) {
    state.traits = nameless.includes(network) ? 'nameless' : traits(network);
    state.isListed = true;
  }
}

it('keeps nothing while no container of ours is on another network', () => {
  const networks = makeNetworks();
  networks.see(container('a', 'ours'));
  networks.see(container('b', 'bridge1', 'bridge2'));
  expect(networks.all.size).toBe(0);
  expect(networks.concerns(id('bridge1'), 'b')).toBe(false);
  expect(networks.concerns(id('bridge1'), 'a')).toBe(true);
});

it('tells of a network only once it has been looked at', () => {
  const networks = makeNetworks();
  networks.see(container('a', 'ours', 'bridge1', 'host'));
  expect(networks.isUntold('a')).toBe(true);
  expect(networks.of('/run/a')).toEqual([]);
  networks.see(container('b', 'bridge1'));
  look(networks, 'host');
  expect(networks.isUntold('a')).toBe(false);
  const [place, ...more] = networks.of('/run/a');
  expect(more).toEqual([]);
  expect(place?.traits.name).toBe('bridge1');
  expect([...(place?.network.endpoints.keys() ?? [])]).toEqual(['a', 'b']);
});

it('follows who comes, is called otherwise, leaves and ends', () => {
  const networks = makeNetworks();
  networks.see(container('a', 'ours', 'bridge1'));
  look(networks);
  const names = () => [...(networks.of('/run/a')[0]?.network.endpoints.values() ?? [])].flatMap((e) => e.names);
  networks.see(container('b', 'bridge1', 'bridge2'));
  networks.see({ ...container('renamed', 'bridge1'), id: 'b' });
  expect(names()).toEqual(['a', 'renamed']);
  const before = networks.of('/run/a')[0]?.network.endpoints;
  expect(networks.of('/run/a')[0]?.network.endpoints).toBe(before);
  networks.leave(id('bridge1'), 'b');
  expect(names()).toEqual(['a']);
  expect(before?.size).toBe(2);
  networks.see(container('c', 'bridge1'));
  networks.see(container('c', 'bridge2'));
  networks.see(container('d', 'bridge1'));
  networks.forget('d');
  expect(names()).toEqual(['a']);
});

it('lets a network go with the last container of ours on it', () => {
  const networks = makeNetworks();
  networks.see(container('a', 'ours', 'bridge1'));
  networks.see(container('b', 'ours', 'bridge1'));
  look(networks);
  networks.see(container('a', 'ours'));
  expect([...networks.all.keys()]).toEqual(['bridge1']);
  expect(networks.of('/run/a')).toEqual([]);
  networks.forget('b');
  expect(networks.all.size).toBe(0);
  // What comes back later is looked at anew.
  networks.see(container('a', 'ours', 'bridge1'));
  expect(networks.isUntold('a')).toBe(true);
});
