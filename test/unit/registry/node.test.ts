/** What a host says of itself can be read by others, whatever the host is like. */
import { expect, it } from 'vitest';
import type { HostFacts } from '../../../src/model/ports.js';
import type { Cidr, NodeAddress } from '../../../src/model/types.js';
import { NodeRegistration } from '../../../src/registry/node.js';
import { parseNode } from '../../../src/store/records.js';
import { FakeStore } from '../../fakes/store.js';

const SELF = '10.0.0.60' as NodeAddress;
const publish = async (hostname: string, facts: Partial<HostFacts>) => {
  const store = new FakeStore();
  const registration = new NodeRegistration(store, SELF, hostname, () => {});
  await registration.publish({ routes: [], gwbridgeNetworks: [], underlayMtu: 1500, ...facts });
  const entry = await store.get(`nodes/${SELF}`);
  return entry && parseNode(entry);
};

it.each([
  ['docker01', 'docker01'],
  ['my host\u001b[2J', 'my_host\\u001b[2J'],
  ['\u202e', '\\u202e'],
  ['', 'unnamed'],
])('the host %j', async (hostname, as) => {
  expect(await publish(hostname, {})).toMatchObject({ hostname: as, alive: true });
});

it('whose address is on the loopback device, whose MTU is larger than any', async () => {
  expect(await publish('router', { underlayMtu: 65_536 })).toMatchObject({ mtu: 65_535 });
});

it('with the routes of the whole internet names the widest ones', async () => {
  const routes = Array.from({ length: 5_000 }, (_, i) => `20.${i >> 8}.${i & 255}.0/24` as Cidr);
  const found = await publish('router', { routes: [...routes, '10.0.0.0/8' as Cidr] });
  expect(found?.routes).toHaveLength(512);
  expect(found?.routes).toContain('10.0.0.0/8');
});
