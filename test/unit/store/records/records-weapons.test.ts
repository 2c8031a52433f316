/** Records that somebody forged: well-formed JSON of the right version, and each a weapon against whoever believes it. */
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../../src/model/ports/ports.js';
import { keys } from '../../../../src/model/values/names.js';
import {
  formatEndpoint,
  formatLease,
  formatNetwork,
  formatNode,
  formatPool,
  parseEndpoint,
  parseLease,
  parseNetwork,
  parseNode,
  parsePool,
  type Report,
} from '../../../../src/store/records/records.js';
import { endpointOf, hexId, leaseOf, networkId, networkOf, nodeOf, poolOf } from '../samples.js';

const ESCAPE = '\u001b[2J\u001b]0;gone\u0007';
const TURNED = 'web\u202Egnp.exe';
const LONG = 'x'.repeat(300);
const MANY = Array.from({ length: 2_000 }, (_, i) => `${i}`);

const node = nodeOf('10.0.0.60', 'docker01');
const network = networkOf(networkId('a'));
const [v4, v6] = network.subnets as [(typeof network.subnets)[0], (typeof network.subnets)[0]];
const endpoint = endpointOf(network.id, 'b');
const lease = leaseOf('172.16.1.0/24', '172.16.1.1');
const pool = poolOf('172.16.1.0/24');

type Parse = (entry: Entry, report?: Report) => object | undefined;
const refusal = (parse: Parse, key: string, value: string): string | undefined => {
  let reason: string | undefined;
  const record = parse({ key, value, index: 7, born: 3, held: false, everHeld: true }, (_, why) => {
    reason = why;
  });
  expect(record === undefined, `${key} is refused exactly when it says why`).toBe(reason !== undefined);
  return reason;
};
const changed = (good: string, change: object): string => JSON.stringify({ ...JSON.parse(good), ...change });

const OWN_KEY = { key: Buffer.alloc(32, 9).toString('base64'), port: 51_840 };

const NODE_VALUES: readonly object[] = [
  ...['', ESCAPE, TURNED, 'a\nb', 'docker01  alive', '\ud800', LONG, 'ü'.repeat(200)].map((hostname) => ({ hostname })),
  ...[0, -1, 67, 65_536, 1e308, 1500.5, '1500', null].map((mtu) => ({ mtu })),
  ...[['10.0.0.0'], ['10.0.0.7/24'], ['010.0.0.0/24'], ['10.0.0.0/024'], ['10.0.0.0/33'], [null], 'x', {}].map(
    (routes) => ({ routes }),
  ),
  { routes: MANY.map((n) => `10.${Number(n) >> 8}.${Number(n) & 255}.0/24`) },
  { gwbridge: MANY.map(() => '172.18.0.0/16') },
  { gwbridge: ['fe80::1%eth0/64'] },
  ...[[], [OWN_KEY, OWN_KEY, OWN_KEY], 'x', null, [null], [{ key: OWN_KEY.key }]].map((keys) => ({ crypt: { keys } })),
  ...['', LONG, '../../etc', OWN_KEY.key.replace('=', ''), OWN_KEY.key.replace(/.=$/, 'B='), ` ${OWN_KEY.key}`].map(
    (key) => ({ crypt: { keys: [{ ...OWN_KEY, key }] } }),
  ),
  ...[0, -1, 65_536, 1.5, '51840'].map((port) => ({ crypt: { keys: [{ ...OWN_KEY, port }] } })),
  ...['127.0.0.1', '224.0.0.1', '::', 'fe80::1', '10.0.0.060', 'evil.example.org'].map((endpoint) => ({
    crypt: { endpoint, keys: [OWN_KEY] },
  })),
];
const NODE_KEYS = [
  ...['0.0.0.0', '127.0.0.1', '169.254.1.1', '224.0.0.1', '255.255.255.255', '::', '::1', 'fe80::1', 'ff02::1'],
  ...['::ffff:10.0.0.1', '10.0.0.060', '0x0a.0.0.1', '167772220', 'FD00::1', 'fd00:0::1', 'fe80::1%eth0', '', '..'],
  ...['10.0.0.60/x', '10.0.0.60/', '/10.0.0.60', ESCAPE],
];

describe('a node', () => {
  it.each(NODE_VALUES)('with %j is refused', (change) => {
    expect(refusal(parseNode, keys.node(node.address), changed(formatNode(node), change))).toMatch(/^has a wrong /);
  });
  it.each(NODE_KEYS)('under the address %j is refused', (address) => {
    expect(refusal(parseNode, `nodes/${address}`, formatNode(node))).toBeDefined();
  });
  it('that no session ever held is nobody', () => {
    const entry = { key: keys.node(node.address), value: formatNode(node), index: 7, born: 3, held: false };
    const reasons: string[] = [];
    expect(parseNode({ ...entry, everHeld: false }, (_, why) => reasons.push(why))).toBeUndefined();
    expect(reasons).toEqual(['was never held by a session, so that no host wrote it']);
    expect(parseNode({ ...entry, everHeld: true })).toMatchObject({ alive: false });
    expect(parseNode({ ...entry, held: true, everHeld: false }), 'somebody wrote over it').toMatchObject({
      alive: true,
    });
  });
  it.each(['docker01', 'DOCKER-01.example.org', 'büro', 'under_score', 'x'.repeat(253)])(
    'called %s is one',
    (hostname) => {
      expect(refusal(parseNode, keys.node(node.address), formatNode({ ...node, hostname }))).toBeUndefined();
    },
  );
});

/** A subnet of its own, with nothing in it. */
const bare = (cidr: unknown, vni: unknown = 256) => ({ pool: cidr, aux: {}, vni });
const SUBNETS: readonly (readonly unknown[])[] = [
  [],
  MANY.map((n) => bare(`10.${Number(n) >> 8}.${Number(n) & 255}.0/24`, 256 + Number(n))),
  ...['0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1', '8.0.0.0/7', '0.0.0.0/8', '127.0.0.0/8', '127.1.0.0/16'].map((p) => [
    bare(p),
  ]),
  ...['169.254.0.0/16', '169.254.9.0/24', '224.0.0.0/4', '239.1.0.0/16', '255.255.255.0/24'].map((p) => [bare(p)]),
  ...['::/0', '2000::/3', '::/64', '::1/128', 'fe80::/10', 'fe80::/64', 'ff00::/8', '::ffff:0:0/96'].map((p) => [
    bare(p),
  ]),
  ...['172.16.1.7/24', '172.16.1.0', '172.16.1.0/31', '172.16.1.0/32', 'fd00::/127', '172.16.001.0/24'].map((p) => [
    bare(p),
  ]),
  ...['FD00::/64', '172.16.1.0/24 ', '172.16.1.0/24/24', '../../etc', 7, null].map((p) => [bare(p)]),
  ...[0, -1, 1 << 24, 256.5, '256', 1e308, null].map((vni) => [bare('172.16.1.0/24', vni)]),
  [bare('172.16.1.0/24'), bare('172.16.2.0/24')],
  [bare('fd00:1::/64'), bare('fd00:2::/64')],
  [bare('172.16.1.0/24'), bare('172.16.0.0/16', 257)],
  [{ ...v4, gateway: '172.16.2.1/24' }],
  [{ ...v4, gateway: '172.16.1.1/16' }],
  [{ ...v4, gateway: '172.16.1.1' }],
  [{ ...v4, range: '172.16.0.0/16' }],
  [{ ...v4, range: '172.16.2.0/25' }],
  [{ ...v4, aux: { a: '10.0.0.60' } }],
  [{ ...v4, aux: { [ESCAPE]: '172.16.1.9' } }],
  [{ ...v4, aux: Object.fromEntries(MANY.map((n) => [n, '172.16.1.9'])) }],
  [{ ...v4, aux: ['172.16.1.9'] }],
  [{ ...v6, aux: { a: 'fd00:1::9%lo' } }],
];
const NAMES = [
  ...['', ' ', ESCAPE, TURNED, 'a\nb', '\u009b2J', '\ud800', LONG],
  ...['host', 'none', 'bridge', 'default', 'ingress', 'docker_gwbridge'],
];
const announced = (change: object) => ({ announced: { ...network.announced, ...change } });

describe('a network', () => {
  const key = keys.network(network.id);
  it.each(SUBNETS.map((subnets) => [JSON.stringify(subnets).slice(0, 80), subnets]))(
    'with subnets %s is refused',
    (_, subnets) => {
      const why = refusal(parseNetwork, key, changed(formatNetwork(network), { subnets }));
      expect(why).toMatch(/^has a wrong subnets/);
    },
  );
  it.each(NAMES)('called %j is refused', (name) => {
    expect(refusal(parseNetwork, key, changed(formatNetwork(network), announced({ name })))).toMatch(
      /wrong announced.name/,
    );
  });
  it.each(['a//b', 'a..b', '...', 'a b', 'ü', '/x', 'x/', 'hosts', '👩‍💻', 'x'.repeat(255)])(
    'called %j is one',
    (name) => {
      expect(refusal(parseNetwork, key, changed(formatNetwork(network), announced({ name })))).toBeUndefined();
    },
  );
  it.each([
    { options: Object.fromEntries(MANY.map((n) => [n, ''])) },
    { options: { [ESCAPE]: '' } },
    { options: { a: TURNED } },
    { options: { a: 'x'.repeat(10_000) } },
    { options: { a: 7 } },
    { options: [] },
    { mtu: 117 },
    { mtu: 65_536 },
    { creator: '127.0.0.1' },
    { creator: ESCAPE },
    { ipam: 'mine' },
    { internal: 'no' },
    announced({ labels: Object.fromEntries(MANY.map((n) => [n, ''])) }),
    announced({ labels: { [TURNED]: '' } }),
    announced({ labels: { a: ESCAPE } }),
    announced({ labels: null }),
    announced({ attachable: 1 }),
  ])('with %.60j is refused', (change) => {
    expect(refusal(parseNetwork, key, changed(formatNetwork(network), change))).toMatch(/^has a wrong /);
  });
  it('loses no label of several lines', () => {
    const labels = { 'traefik.rule': 'Host(`a`)\n\t|| Host(`b`)' };
    expect(refusal(parseNetwork, key, changed(formatNetwork(network), announced({ labels })))).toBeUndefined();
  });
  it.each(['..', '../../etc', hexId('A'), hexId('a').slice(1), `${hexId('a')}/x`, `${hexId('a')}/`, ''])(
    'under the id %j is refused',
    (id) => expect(refusal(parseNetwork, `networks/${id}`, formatNetwork(network))).toBeDefined(),
  );
});

describe('an endpoint', () => {
  const key = keys.endpoint(network.id, endpoint.node, endpoint.id);
  it.each([
    ...[
      '00:00:00:00:00:00',
      'ff:ff:ff:ff:ff:ff',
      '01:00:5e:00:00:01',
      '33:33:00:00:00:01',
      '02:42:AC:10:01:01',
      '02-42',
    ].map((mac) => ({ mac })),
    ...[[], ['172.16.1.1'], ['172.16.1.1/24', '172.16.1.2/24'], ['172.16.1.1/33'], ['172.16.1.01/24'], MANY].map(
      (addresses) => ({ addresses }),
    ),
    ...[['172.16.1.254'], ['fd00:1::1'], ['169.254.07.7'], ['169.254.7.7/16'], [], MANY].map((linkLocal) => ({
      linkLocal,
    })),
    { names: MANY },
    ...[ESCAPE, TURNED, '', 'a\nb', LONG].map((name) => ({ names: ['web', name] })),
    { names: { 0: 'web', length: 1 } },
    { container: '../..' },
    { container: 'abc' },
    ...[-1, 1.5, 1e300, null, '7'].map((created) => ({ created })),
  ])('with %.70j is refused', (change) => {
    expect(refusal(parseEndpoint, key, changed(formatEndpoint(endpoint), change))).toMatch(/^has a wrong /);
  });
  it('is of the node that its key names, whatever its value says', () => {
    const value = changed(formatEndpoint(endpoint), { node: 'f'.repeat(16) });
    const entry = { key, value, index: 1, born: 1, held: false, everHeld: false };
    expect(parseEndpoint(entry)?.node).toBe(endpoint.node);
  });
  it.each(['10.0.0.60', 'F'.repeat(16), 'f'.repeat(17), `${'f'.repeat(15)}\u0000`, ''])(
    'under the node %j is refused',
    (node) => {
      const other = keys.endpoint(network.id, node, endpoint.id);
      expect(refusal(parseEndpoint, other, formatEndpoint(endpoint))).toMatch(/^has a wrong node: /);
    },
  );
  it.each([
    ...[
      `${network.id}/${endpoint.node}/${endpoint.id}/x`,
      `${network.id}/${endpoint.id}`,
      `${network.id}/${endpoint.node}/..`,
    ],
    ...[`../${endpoint.node}/${endpoint.id}`, network.id, '', '/'],
  ])('under endpoints/%s is refused', (rest) =>
    expect(refusal(parseEndpoint, `endpoints/${rest}`, formatEndpoint(endpoint))).toBeDefined(),
  );
});

it.each([
  ['addresses/172.16.1.0-24/172.16.2.1', {}],
  ['addresses/172.16.1.7-24/172.16.1.1', {}],
  ['addresses/0.0.0.0-1/10.0.0.60', {}],
  ['addresses/172.16.1.0-24/172.16.1.1/x', {}],
  ['addresses/172.16.1.0-24/..', {}],
  [keys.lease(lease.pool, lease.address), { kind: 'mine' }],
  [keys.lease(lease.pool, lease.address), { endpoint: '..' }],
  [keys.lease(lease.pool, lease.address), { node: '::' }],
])('the lease %s with %j is refused', (key, change) => {
  expect(refusal(parseLease, key, changed(formatLease(lease), change))).toBeDefined();
});

it.each([
  ['pools/0.0.0.0-1', {}],
  ['pools/172.16.1.7-24', {}],
  ['pools/172.16.1.0-24/x', {}],
  ['pools/..', {}],
  [keys.pool(pool.cidr), { range: '172.16.0.0/16' }],
  [keys.pool(pool.cidr), { network: 'x' }],
])('the pool %s with %j is refused', (key, change) => {
  expect(refusal(parsePool, key, changed(formatPool(pool), change))).toBeDefined();
});

describe('whatever its value', () => {
  const key = keys.network(network.id);
  const good = formatNetwork(network);
  it.each([
    ['longer than any record', 'x'.repeat(512 * 1024), 'is no JSON record'],
    ['longer, and else a record', good.replace('{', `{"x":"${'y'.repeat(300_000)}",`), 'is no JSON record'],
    ['of endless depth', `{"version":2,"subnets":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 'has a wrong '],
    [
      'of endless depth in a field of its own',
      `{"version":2,"x":${'{"x":'.repeat(30_000)}1${'}'.repeat(30_000)}}`,
      'has a wrong ',
    ],
    ['of a version that is none', good.replace('"version":3', '"version":-1'), 'is no JSON record with a version'],
    ['of a huge version', good.replace('"version":3', '"version":2e300'), 'is no JSON record with a version'],
    ['with a prototype for a label', good.replace('"tier"', '"__proto__"'), 'has a wrong announced.labels'],
    ['with a prototype for an address', good.replace('"router"', '"__proto__"'), 'has a wrong subnets'],
  ])('%s it is refused at once', (_, value, why) => {
    const before = process.cpuUsage();
    expect(refusal(parseNetwork, key, value)?.startsWith(why)).toBe(true);
    // Some milliseconds; 30,000 levels of JSON are a hundred of them on a machine that is busy.
    expect(process.cpuUsage(before).user).toBeLessThan(300_000);
    expect(({} as Record<string, unknown>).tier).toBeUndefined();
  });

  it('a prototype of its own changes no other object', () => {
    const value = good.replace('{', '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},');
    expect(refusal(parseNetwork, key, value)).toBeUndefined();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('says why in one short line that no terminal obeys', () => {
    const labels = { [`${ESCAPE}${TURNED}${'x'.repeat(5_000)}`]: 7 };
    const why = refusal(parseNetwork, key, changed(good, announced({ labels })));
    expect(why?.length).toBeLessThan(250);
    expect(why).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
