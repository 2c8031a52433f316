import { describe, expect, it } from 'vitest';
import { diff } from '../../../../src/model/diff/diff.js';
import { damage, type Notice } from '../../../../src/model/diff/drift.js';
import type { NamespacePlan } from '../../../../src/model/plan/namespace-plan.js';
import type { ObservedNamespace } from '../../../../src/model/plan/observed.js';
import { plan } from '../../../../src/model/plan/plan.js';
import { wayOut } from '../../../../src/model/plan/ports.js';
import { UPLINK_POOL, uplinkAddress } from '../../../../src/model/uplink/uplink.js';
import { inPool, overlaps } from '../../../../src/model/values/address.js';
import { namespaceName } from '../../../../src/model/values/names.js';
import type { Cidr, Ip, Network, NetworkId } from '../../../../src/model/values/types.js';
import { cluster, endpoint, endpointId, HOST1, network, networkId, selfOf } from '../fixtures.js';

const name = namespaceName(networkId(1));
const self = { ...selfOf(HOST1), joined: new Set([endpointId(1)]), sandboxes: new Map() };
const options = { 'tsoverlay.gateway': 'overlay' };
const planned = (...networks: readonly Network[]) =>
  plan(cluster(networks, [endpoint(1, HOST1)]), self, name) as NamespacePlan;
const uplink = planned(network({ options })).uplink;

describe('the plan', () => {
  it('has a way out only where the network is to be the gateway', () => {
    expect(uplink).toMatchObject({ link: 'gw0', hostEnd: `gw${name.slice(2)}`, mtu: 1450, via: '198.18.0.1' });
    for (const other of [{}, { 'tsoverlay.gateway': 'bridge' }])
      expect(planned(network({ options: other }))).not.toHaveProperty('uplink');
  });

  it('gives no two networks one address, and the older one keeps its own', () => {
    const alike = (n: number) => `0000000${'f'.repeat(56)}${n}` as NetworkId;
    const all = Array.from({ length: 8 }, (_, i) => network({ id: alike(i), options, born: 10 - i }));
    const addressOf = (of: readonly Network[], id: NetworkId) => {
      const [one] = of.filter((n) => n.id === id);
      const at = cluster([...of], [endpoint(1, HOST1, { network: id })]);
      return one && plan(at, self, namespaceName(id))?.uplink?.address;
    };
    const oldest = all.at(-1) as Network;
    // Namespaces are named by ten digits, so that each is asked for by itself.
    expect(addressOf([oldest], oldest.id)).toBe(addressOf([oldest, network({ options })], oldest.id));
    expect(overlaps(UPLINK_POOL, uplink?.address as Cidr)).toBe(true);
    expect(inPool('198.18.0.1' as Ip, UPLINK_POOL)).toBe('198.18.0.1/15');
  });
});

describe('the way out of a container', () => {
  const two = network({
    options,
    subnets: [
      { pool: '172.16.1.0/24' as Cidr, gateway: '172.16.1.254/24' as Cidr, aux: {}, vni: 256 },
      { pool: 'fd00:1::/64' as Cidr, gateway: 'fd00:1::1/64' as Cidr, aux: {}, vni: 256 },
      { pool: '172.16.2.0/24' as Cidr, gateway: '172.16.2.1/24' as Cidr, aux: {}, vni: 257 },
    ],
  });
  it.each([
    [['172.16.1.7/24'], '172.16.1.254'],
    [['172.16.2.7/24'], '172.16.2.1'],
    [['fd00:1::7/64', '172.16.1.7/24'], '172.16.1.254'],
    [['fd00:1::7/64'], undefined],
  ])('%j is %s', (addresses, gateway) => {
    expect(wayOut(two, addresses as Cidr[])).toBe(gateway);
    expect(wayOut(network(), addresses as Cidr[])).toBeUndefined();
  });

  it('is among the routes of a card that is put back', () => {
    const placed = { ...self, sandboxes: new Map([[endpointId(1), '/sandbox']]) };
    const ports = plan(cluster([network({ options })], [endpoint(1, HOST1)]), placed, name)?.ports;
    expect(ports?.[0]?.end).toMatchObject({ routes: [{ to: '0.0.0.0/0', via: '172.16.1.254' }] });
  });
});

describe('drift', () => {
  const wanted = planned(network({ options }));
  const about = { alias: 'uplink', up: true, mtu: 1450, master: '', learning: false, snooping: false };
  it.each<[Notice, string | undefined]>([
    [{ kind: 'link', link: 'gw0', gone: true, ...about }, 'gw0 is gone'],
    [{ kind: 'link', link: 'gw0', gone: false, ...about }, undefined],
    [{ kind: 'address', link: 'gw0', gone: true, address: wanted.uplink?.address as Cidr }, 'is gone'],
    [{ kind: 'rules' }, 'nft rules were changed'],
  ])('%j', (notice, words) => {
    if (words === undefined) expect(damage(wanted, notice)).toBeUndefined();
    else expect(damage(wanted, notice)).toContain(words);
  });

  it('is no stray link, and of a network without the option it is', () => {
    const links = [
      { index: 9, name: 'gw0', kind: 'veth', mtu: 1450, up: true, mac: uplink, master: '', alias: 'uplink' },
    ];
    const found = {
      ...(NOTHING as object),
      links,
      uplink: { isPlugged: true, isRuled: true },
    } as unknown as ObservedNamespace;
    const kinds = (of: Network) => diff(name, planned(of), found).map(({ kind }) => kind);
    expect(kinds(network({ options }))).not.toContain('removeLink');
    expect(kinds(network({ options }))).toContain('ensureUplink');
    expect(kinds(network())).toContain('removeLink');
  });
});

const NOTHING: Omit<ObservedNamespace, 'links'> = {
  ...{ name, addresses: [], neighbours: [], fdb: [], statics: [], filters: [] },
  sysctls: new Map(),
};

describe('networks whose ids were chosen to begin alike', () => {
  const MANY = 20_000;
  const networksOf = (idOf: (n: number) => string) => {
    const ids = Array.from({ length: MANY }, (_, i) => idOf(i).padEnd(64, '0') as NetworkId);
    return new Map(ids.map((id, born) => [id, network({ id, options, born })] as const));
  };
  const placed = (all: ReadonlyMap<NetworkId, Network>) => {
    const began = performance.now();
    const addresses = new Set([...all.values()].map((n) => uplinkAddress(all, n)));
    return { ms: performance.now() - began, addresses };
  };

  it('have an address each, for little more than others take', () => {
    const digits = (n: number) => n.toString(16).padStart(8, '0');
    const usual = placed(networksOf((n) => digits(n * 6)));
    const alike = placed(networksOf((n) => `ffffffff${digits(n)}`));
    expect(alike.addresses.size).toBe(MANY);
    expect(alike.ms).toBeLessThan(10 * usual.ms + 100);
  });
});
