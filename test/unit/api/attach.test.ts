/** What of an attach can fail does so in CreateEndpoint, and leaves nothing; Join answers whatever has failed since. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NetworkDriver } from '../../../src/api/network-driver.js';
import { DeadlineError } from '../../../src/errors.js';
import type { Cidr, EndpointId, EngineNetworkId, Mac, NetworkId } from '../../../src/model/values/types.js';
import { FakeStore } from '../../fakes/store.js';
import { hexId, makeHost, POOL } from '../registry/host.js';

const ID = hexId(7) as EndpointId;
const SANDBOX = '/var/run/docker/netns/0123456789ab';

let store: FakeStore;
let one: Awaited<ReturnType<typeof makeHost>>;
let network: NetworkId;
const settled = vi.fn(async () => {});
const serve = vi.fn(async () => {});
let driver: NetworkDriver;

beforeEach(async () => {
  settled.mockReset();
  serve.mockReset();
  store = new FakeStore();
  one = await makeHost(store, '10.0.0.60');
  network = await one.createNetwork(1);
  await one.networksSeen(network);
  driver = makeDriver();
});
afterEach(() => one.stop());

const makeDriver = (): NetworkDriver =>
  new NetworkDriver({
    ...one,
    memory: { clusterIdOf: () => network, isMirror: () => false, rememberMirror: () => {}, forgetMirror: () => {} },
    host: { settled, kick: () => {}, disturb: () => {} },
    containers: { joined: async () => {} },
    sandboxes: { serve, sync: () => {} },
    macs: { choose: () => '02:42:ac:10:01:01' as Mac, check: async () => {}, confirm: async () => {} },
    antispoof: { check: async () => {}, resolve: () => ({}) },
    encryption: { checkAttachment: async () => {}, checkCreation: async () => {}, resolve: () => ({}) },
    underway: { isReplaced: () => false },
    drain: { assert: () => {} },
    onRemoval: () => {},
  });
const names = { NetworkID: hexId(1) as EngineNetworkId, EndpointID: ID };
const create = async () =>
  driver.createEndpoint({
    ...names,
    Options: {},
    Interface: { Address: await one.ipam.requestAddress(POOL, ''), AddressIPv6: '', MacAddress: '' as Mac },
  });
const join = () => driver.join({ ...names, SandboxKey: SANDBOX, Options: {} });
const endpoints = async () => (await store.keys('endpoints/')).length;

it('a kernel that does not follow fails CreateEndpoint, after which there is no endpoint', async () => {
  settled.mockRejectedValue(new DeadlineError('late'));
  await expect(create()).rejects.toThrow('late');
  expect(await endpoints()).toBe(0);
  expect(one.local.isLive(ID)).toBe(false);
});

it('Join answers while the kernel, the store and the news fail, and though somebody is removing the network', async () => {
  await create();
  settled.mockRejectedValue(new DeadlineError('late'));
  store.fail();
  expect(await join()).toMatchObject({ InterfaceName: { SrcName: 'veth0000000', DstPrefix: 'eth' } });
  expect(serve).toHaveBeenCalledOnce();
  expect(settled).toHaveBeenCalledOnce();
});

it('Join of an endpoint that was created before a restart of ours makes up for it', async () => {
  await create();
  driver = makeDriver();
  await join();
  expect(settled).toHaveBeenCalledTimes(2);
});

it('Join tells the gateway of a network that is its containers’ own way out, and ports are refused there', async () => {
  const pool = '172.16.2.0/24' as Cidr;
  await one.pools.claim(pool, undefined);
  network = hexId(2) as NetworkId;
  await one.networks.create({
    ...{ id: network, vnis: [], internal: false, ipv6: false, ipam: 'cluster' },
    subnets: [{ pool, gateway: '172.16.2.254/24' as Cidr, aux: {} }],
    options: { 'tsoverlay.gateway': 'overlay' },
  });
  await one.networksSeen(network);
  const createOn = async (Options: object) =>
    driver.createEndpoint({
      ...names,
      Options: { ...Options },
      Interface: { Address: await one.ipam.requestAddress(pool, ''), AddressIPv6: '', MacAddress: '' as Mac },
    });
  const PORTS = 'com.docker.network.portmap';
  await expect(createOn({ [PORTS]: [{ Proto: 6, Port: 80 }] })).rejects.toThrow('leave out -p');
  await createOn({ [PORTS]: null });
  expect(await join()).toMatchObject({ Gateway: '172.16.2.254' });
});
