import { describe, expect, it } from 'vitest';
import { diff } from '../../../../src/model/diff/diff.js';
import type { NamespacePlan } from '../../../../src/model/plan/namespace-plan.js';
import type { ObservedLink, ObservedNamespace } from '../../../../src/model/plan/observed.js';
import type { Step } from '../../../../src/model/plan/steps.js';
import { namespaceName, UNKNOWN_MAC } from '../../../../src/model/values/names.js';
import type { Cidr, Ip, Mac } from '../../../../src/model/values/types.js';
import { endpointId, HOST1, HOST2, networkId } from '../fixtures.js';

const name = namespaceName(networkId(1));
const MAC1 = '02:42:ac:10:01:01' as Mac;
const MAC2 = '02:42:ac:10:01:02' as Mac;
const BRIDGE_MAC = '0e:00:00:00:00:01' as Mac;

const wanted: NamespacePlan = {
  name,
  network: networkId(1),
  bridges: [
    {
      name: 'br0',
      vxlan: 'vxlan0',
      vni: 256,
      local: HOST1,
      port: 4789,
      mtu: 1450,
      mac: BRIDGE_MAC,
      addresses: ['172.16.1.254/24' as Cidr],
    },
  ],
  ports: [
    {
      endpoint: endpointId(1),
      bridge: 'br0',
      containerEnd: 'vethe000000',
      mtu: 1450,
      mac: MAC1,
      addresses: [],
      end: 'engine',
    },
  ],
  peers: [{ vxlan: 'vxlan0', ip: '172.16.1.2' as Ip, mac: MAC2, vtep: HOST2 }],
  floods: [],
};

const link = (change: Partial<ObservedLink>): ObservedLink => ({
  index: 1,
  name: 'lo',
  kind: '',
  mtu: 1450,
  up: true,
  master: '',
  mac: MAC1,
  alias: '',
  ...change,
});
const flags = { vni: 256, port: 4789, learning: false, proxy: true };
const quiet = { learning: false, flood: false };
const bridge = link({
  ...{ index: 2, name: 'br0', kind: 'bridge', mac: BRIDGE_MAC, alias: networkId(1) },
  bridge: { snooping: false },
});
const vxlan = link({
  index: 3,
  name: 'vxlan0',
  kind: 'vxlan',
  master: 'br0',
  vxlan: flags,
  port: quiet,
});
const port = link({ index: 4, name: 'veth0', kind: 'veth', master: 'br0', alias: endpointId(1), port: quiet });

const healthy: ObservedNamespace = {
  name,
  links: [link({}), bridge, vxlan, port],
  addresses: [{ link: 'br0', address: '172.16.1.254/24' as Cidr }],
  neighbours: [{ link: 'vxlan0', ip: '172.16.1.2' as Ip, mac: MAC2 }],
  fdb: [{ link: 'vxlan0', mac: MAC2, vtep: HOST2 }],
  statics: [
    { link: 'veth0', mac: MAC1 },
    { link: 'vxlan0', mac: MAC2 },
  ],
  sysctls: new Map(),
  filters: [],
};

const kinds = (steps: readonly Step[]) => steps.map((s) => `${s.kind} ${'link' in s ? s.link : ''}`.trim());
const found = (change: Partial<ObservedNamespace>) => diff(name, wanted, { ...healthy, ...change });

describe('diff', () => {
  it('is empty on a healthy host', () => {
    expect(diff(name, wanted, healthy)).toEqual([]);
    expect(diff(name, undefined, undefined)).toEqual([]);
  });

  it('builds all from nothing, in an order that works', () => {
    expect(kinds(diff(name, wanted, undefined))).toEqual([
      'createNamespace',
      'createBridge br0',
      'addAddress br0',
      'createVxlan vxlan0',
      'createPort veth0',
      'replaceStatic vxlan0',
      'replaceStatic veth0',
      'replaceNeighbour vxlan0',
      'replaceFdb vxlan0',
    ]);
  });

  it('removes the namespace that nobody needs', () => {
    expect(kinds(diff(name, undefined, healthy))).toEqual(['removeNamespace']);
  });

  it('repairs what was changed, and says what it was', () => {
    const steps = found({ links: [bridge, { ...vxlan, up: false, mtu: 1500, master: '' }, port] });
    expect(steps.map((s) => [s.kind, s.reason])).toEqual([
      ['setMaster', 'master is none'],
      ['setPort', 'new on br0'],
      ['setMtu', 'MTU is 1500'],
      ['setUp', 'down'],
      ['replaceStatic', 'missing'],
    ]);
  });

  it('remakes a VXLAN device that differs, and its entries with it', () => {
    const steps = found({ links: [bridge, { ...vxlan, vxlan: { ...flags, vni: 300 } }, port] });
    expect(kinds(steps)).toEqual([
      'removeLink vxlan0',
      'createVxlan vxlan0',
      'replaceStatic vxlan0',
      'replaceNeighbour vxlan0',
      'replaceFdb vxlan0',
    ]);
    expect(steps[0]?.reason).toBe('VNI 300 instead of 256');
  });

  it('compares whole values: a peer that moved keeps its key and changes its VTEP', () => {
    const steps = found({ fdb: [{ link: 'vxlan0', mac: MAC2, vtep: '10.0.0.99' }] });
    expect(steps).toMatchObject([{ kind: 'replaceFdb', vtep: HOST2, reason: 'VTEP is 10.0.0.99' }]);
    expect(found({ neighbours: [{ link: 'vxlan0', ip: '172.16.1.2' as Ip, mac: MAC1 }] })).toMatchObject([
      { kind: 'replaceNeighbour', mac: MAC2 },
    ]);
  });

  it('removes entries, addresses and links that nobody planned', () => {
    const steps = found({
      links: [
        ...healthy.links,
        link({ name: 'veth1', kind: 'veth', alias: endpointId(7) }),
        link({ name: 'br7', kind: 'bridge' }),
      ],
      addresses: [...healthy.addresses, { link: 'br0', address: '172.16.9.1/24' as Cidr }],
      neighbours: [...healthy.neighbours, { link: 'vxlan0', ip: '172.16.1.9' as Ip, mac: MAC1 }],
      fdb: [...healthy.fdb, { link: 'vxlan0', mac: MAC1, vtep: '10.0.0.99' }],
      statics: [...healthy.statics, { link: 'vxlan0', mac: MAC1 }, { link: 'veth1', mac: MAC2 }],
    });
    expect(kinds(steps)).toEqual([
      'removeLink veth1',
      'removeLink br7',
      'removeAddress br0',
      'removeStatic vxlan0',
      'removeNeighbour vxlan0',
      'removeFdb vxlan0',
    ]);
  });

  describe('of two links that bear the id of one endpoint', () => {
    const twin = link({ index: 9, name: 'veth9', kind: 'veth', master: 'br0', alias: endpointId(1), port: quiet });
    const orders = [[port, twin] as const, [twin, port] as const];

    it.each(orders)('believes neither, and makes the pair anew', (...two) => {
      const steps = found({ links: [link({}), bridge, vxlan, ...two] });
      expect(kinds(steps)).toEqual([
        ...two.map((l) => `removeLink ${l.name}`),
        'createPort veth1',
        'replaceStatic veth1',
      ]);
      // Not put off, nor left where the store does not say it itself: each look would make one more.
      expect(steps.some((s) => s.prune)).toBe(false);
      expect(steps[0]?.reason).toBe('another link has the id of its endpoint, too');
    });

    it('makes none where the container is to come yet', () => {
      const later = { ...wanted, ports: wanted.ports.map((p) => ({ ...p, end: 'nobody' as const })) };
      const links = [link({}), bridge, vxlan, port, twin];
      expect(kinds(diff(name, later, { ...healthy, links }))).toEqual(['removeLink veth0', 'removeLink veth9']);
    });

    it('knows what is no veth for no port', () => {
      const tun = { ...twin, name: 'tun0', kind: 'tun' };
      for (const links of [
        [...healthy.links, tun],
        [tun, ...healthy.links],
      ])
        expect(kinds(found({ links }))).toEqual(['removeLink tun0']);
    });
  });

  it('removes whatever else was put on a bridge, and leaves what is on none', () => {
    const dummy = link({ name: 'dummy0', kind: 'dummy' });
    const hardware = link({ name: 'eth7', master: 'br0', port: quiet });
    const links = [...healthy.links, dummy, hardware, { ...dummy, name: 'dummy1', master: 'br0', port: quiet }];
    expect(kinds(found({ links }))).toEqual(['removeLink dummy1']);
  });

  it('makes a missing port only when the engine is about to fetch it', () => {
    const without = { ...healthy, links: [bridge, vxlan], statics: [{ link: 'vxlan0', mac: MAC2 }] };
    expect(kinds(diff(name, wanted, without))).toEqual(['createPort veth0', 'replaceStatic veth0']);
    const later = { ...wanted, ports: wanted.ports.map((p) => ({ ...p, end: 'nobody' as const })) };
    expect(diff(name, later, without)).toEqual([]);
  });

  it('makes a port with its card when the container had it before', () => {
    const card = { sandbox: '/run/docker/netns/x', mac: '02:42:ac:10:01:01' as Mac, addresses: [], routes: [] };
    const after = { ...wanted, ports: wanted.ports.map((p) => ({ ...p, end: card })) };
    const [step] = diff(name, after, { ...healthy, links: [bridge, vxlan] });
    expect(step).toMatchObject({ kind: 'createPort', link: 'veth0', card });
  });

  it('gives ports the lowest free names', () => {
    const more = [2, 3].map(
      (n) =>
        ({
          ...wanted.ports[0],
          endpoint: endpointId(n),
          mac: `02:42:ac:10:01:1${n}`,
        }) as NamespacePlan['ports'][number],
    );
    const links = [bridge, vxlan, { ...port, name: 'veth1' }];
    const statics = [...healthy.statics.slice(1), { link: 'veth1', mac: MAC1 }];
    const steps = diff(name, { ...wanted, ports: [...wanted.ports, ...more] }, { ...healthy, links, statics });
    expect(kinds(steps)).toEqual([
      'createPort veth0',
      'createPort veth2',
      'replaceStatic veth0',
      'replaceStatic veth2',
    ]);
  });

  it('keeps an entry for all unknown per host, and removes that of a host that left, or has another VTEP, last', () => {
    const many = { ...wanted, floods: [HOST1, HOST2].map((vtep) => ({ vxlan: 'vxlan0', vtep })) };
    const unknown = (vtep: string) => ({ link: 'vxlan0', mac: UNKNOWN_MAC, vtep });
    const steps = diff(name, many, { ...healthy, fdb: [...healthy.fdb, unknown(HOST2), unknown('10.0.0.99')] });
    expect(steps).toMatchObject([
      { kind: 'replaceFdb', mac: UNKNOWN_MAC, vtep: HOST1 },
      { kind: 'removeFdb', mac: UNKNOWN_MAC, vtep: '10.0.0.99' },
    ]);
  });

  describe('of what learns', () => {
    const loud = { learning: true, flood: true };
    const older = [
      { ...bridge, bridge: { snooping: true } },
      { ...vxlan, vxlan: { ...flags, learning: true }, port: loud },
    ];

    it('ends only that, for nothing else was read; the bridge knows the MACs before it forgets', () => {
      const unread = { links: [...older, { ...port, port: loud }], fdb: [], statics: [], learning: true } as const;
      expect(kinds(found(unread))).toEqual([
        'replaceStatic vxlan0',
        'replaceStatic veth0',
        'stopSnooping br0',
        'stopLearning vxlan0',
        'setPort vxlan0',
        'setPort veth0',
      ]);
    });

    it('gives nothing for unknown MACs to any port', () => {
      const loud = { ...quiet, flood: true };
      expect(found({ links: [bridge, { ...vxlan, port: loud }, { ...port, port: loud }] })).toMatchObject([
        { kind: 'setPort', link: 'vxlan0', reason: 'gets what is for unknown MACs' },
        { kind: 'setPort', link: 'veth0', reason: 'gets what is for unknown MACs' },
      ]);
    });
  });

  it('removes the entry of the last remote MAC', () => {
    expect(kinds(diff(name, { ...wanted, peers: [] }, healthy))).toContain('removeStatic vxlan0');
  });

  it('sets what of the namespace is set otherwise, and nothing that this kernel lacks', () => {
    const sysctls = new Map([
      ['net/ipv4/ip_forward', 1],
      ['net/ipv4/conf/all/rp_filter', 0],
      ['net/bridge/bridge-nf-call-iptables', 1],
    ]);
    expect(found({ sysctls })).toEqual([
      { ns: name, kind: 'setSysctl', name: 'net/ipv4/conf/all/rp_filter', value: 1, reason: 'it is 0' },
      { ns: name, kind: 'setSysctl', name: 'net/bridge/bridge-nf-call-iptables', value: 0, reason: 'it is 1' },
    ]);
  });

  it('puts MACs back behind their own ports', () => {
    const statics = [
      { link: 'vxlan0', mac: MAC1 },
      { link: 'veth0', mac: MAC2 },
    ];
    expect(found({ statics })).toMatchObject([
      { kind: 'removeStatic', link: 'vxlan0', mac: MAC1 },
      { kind: 'removeStatic', link: 'veth0', mac: MAC2 },
      { kind: 'replaceStatic', link: 'vxlan0', mac: MAC2 },
      { kind: 'replaceStatic', link: 'veth0', mac: MAC1 },
    ]);
  });

  it('writes the entries of a port anew that left its bridge', () => {
    const steps = found({ links: [bridge, vxlan, { ...port, master: '' }] });
    expect(kinds(steps)).toEqual(['setMaster veth0', 'setPort veth0', 'replaceStatic veth0']);
  });
});

describe('a VXLAN device', () => {
  const having = (change: object) =>
    found({ links: [link({}), bridge, { ...vxlan, vxlan: { ...flags, ...change } }, port] });

  it.each([
    ['of the address that the host had before', { local: '10.0.0.70' }, 'sends from 10.0.0.70 instead of 10.0.0.60'],
    ['of another port', { port: 8472 }, 'port 8472 instead of 4789'],
  ])('%s is made anew with all its entries, and no port is touched', (_, change, reason) => {
    const steps = having(change);
    expect(steps.find((s) => s.kind === 'createVxlan')).toMatchObject({ local: HOST1, port: 4789, reason });
    expect(kinds(steps)).toEqual([
      'removeLink vxlan0',
      'createVxlan vxlan0',
      'replaceStatic vxlan0',
      'replaceNeighbour vxlan0',
      'replaceFdb vxlan0',
    ]);
    expect(steps.some((s) => s.prune)).toBe(false);
  });

  it('that is right, or leaves its address to the route, stays', () => {
    expect(having({ local: HOST1 })).toEqual([]);
    expect(having({})).toEqual([]);
  });

  it('answers for others, or sends on what asks for them, as planned', () => {
    const flooding = { gateways: ['172.16.1.254' as Ip] };
    const on = { ...wanted, bridges: wanted.bridges.map((b) => ({ ...b, flooding })) };
    const fence = flooding.gateways;
    const seen = (proxy: boolean) => ({
      ...healthy,
      links: [link({}), bridge, { ...vxlan, vxlan: { ...flags, proxy, ...(proxy ? {} : { fence }) } }, port],
    });
    expect(diff(name, on, seen(true)).find((s) => s.kind === 'createVxlan')).toMatchObject({ flooding });
    expect(diff(name, on, seen(false))).toEqual([]);
    expect(kinds(diff(name, wanted, seen(false)))).toContain('createVxlan vxlan0');
  });

  it('that sends on what asks for others gets its fence before it is up', () => {
    const flooding = { gateways: ['172.16.1.254' as Ip] };
    const on = { ...wanted, bridges: wanted.bridges.map((b) => ({ ...b, flooding })) };
    const down = { ...vxlan, up: false, vxlan: { ...flags, proxy: false } };
    expect(kinds(diff(name, on, { ...healthy, links: [link({}), bridge, down, port] }))).toEqual([
      'replaceFence vxlan0',
      'setUp vxlan0',
    ]);
  });
});
