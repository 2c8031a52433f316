import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
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
import { endpointOf, leaseOf, networkId, networkOf, nodeOf, poolOf } from '../samples.js';

const entry = (key: string, value: string, index = 7): Entry => ({
  key,
  value,
  index,
  born: 3,
  held: false,
  everHeld: true,
});

const node = nodeOf('10.0.0.60', 'docker01');
const network = networkOf(networkId('a'));
const { mtu: _, announced: __, ...young } = network;
const endpoint = endpointOf(network.id, 'b');
const [lease, lease6] = [leaseOf('172.16.1.0/24', '172.16.1.1'), leaseOf('fd00:1::/64', 'fd00:1::1')];
const [pool, pool6] = [poolOf('172.16.1.0/24'), poolOf('fd00:1::/64')];

interface Case {
  readonly key: string;
  readonly value: string;
  readonly record: object;
  parse(entry: Entry, report?: Report): object | undefined;
}

const cases: Case[] = [
  {
    key: keys.node(node.address),
    value: formatNode(node),
    record: { ...node, alive: false, index: 7 },
    parse: parseNode,
  },
  {
    key: keys.network(network.id),
    value: formatNetwork(network),
    record: { ...network, index: 7, born: 3 },
    parse: parseNetwork,
  },
  {
    key: keys.network(network.id),
    value: formatNetwork(young),
    record: { ...young, index: 7, born: 3 },
    parse: parseNetwork,
  },
  {
    key: keys.endpoint(network.id, endpoint.node, endpoint.id),
    value: formatEndpoint(endpoint),
    record: { ...endpoint, index: 7, born: 3 },
    parse: parseEndpoint,
  },
  ...[lease, lease6].map((l) => ({
    key: keys.lease(l.pool, l.address),
    value: formatLease(l),
    record: { ...l, index: 7 },
    parse: parseLease,
  })),
  ...[pool, pool6].map((p) => ({
    key: keys.pool(p.cidr),
    value: formatPool(p),
    record: { ...p, index: 7 },
    parse: parsePool,
  })),
];

describe.each(cases)('record $key', ({ key, value, record, parse }) => {
  it('comes back as it was', () => {
    expect(parse(entry(key, value))).toStrictEqual(record);
  });

  it('says its version and not what the key says', () => {
    const stored: Record<string, unknown> = JSON.parse(value);
    expect(stored.version).toBe(3);
    // A node's address is its VTEP as well, and said as such.
    const { vtep: _, ...own } = stored;
    for (const part of key.split('/').slice(1)) expect(JSON.stringify(own)).not.toContain(`"${part}"`);
    expect(stored).not.toHaveProperty('index');
    expect(stored).not.toHaveProperty('alive');
  });

  it('ignores what a newer release added', () => {
    const more = JSON.stringify({ ...JSON.parse(value), novelty: { a: 1 } });
    expect(parse(entry(key, more))).toStrictEqual(record);
  });

  it.each([
    ['', 'is no JSON record with a version'],
    ['{', 'is no JSON record with a version'],
    ['null', 'is no JSON record with a version'],
    ['{"version":4}', 'has version 4, which a newer release wrote'],
    ['{"version":1}', 'has version 1, which an older release wrote'],
    ['{"version":2}', /^has a wrong \w+: /],
  ])('reports %j', (garbage, reason) => {
    const told: string[] = [];
    expect(parse(entry(key, garbage), (k, r) => told.push(k, r))).toBeUndefined();
    expect(told).toEqual([key, expect.stringMatching(reason)]);
  });
});

it('writes the same text whatever order the fields came in', () => {
  const reversed = Object.fromEntries(Object.entries(network).reverse()) as unknown as typeof network;
  expect(formatNetwork(reversed)).toBe(formatNetwork(network));
});

it('refuses to write what could not be read', () => {
  expect(() => formatNode({ ...node, mtu: -1 })).toThrow();
});

it('refuses a key that is no id', () => {
  const reasons: string[] = [];
  const report: Report = (_key, reason) => reasons.push(reason);
  expect(parseNetwork(entry('networks/../../etc', formatNetwork(network)), report)).toBeUndefined();
  expect(parseEndpoint(entry(`endpoints/${network.id}`, formatEndpoint(endpoint)), report)).toBeUndefined();
  expect(parsePool(entry('pools/172.16.1.0', formatPool(pool)), report)).toBeUndefined();
  expect(reasons).toHaveLength(3);
});

it('reads a held node as alive', () => {
  const held = { ...entry(keys.node(node.address), formatNode(node)), held: true };
  expect(parseNode(held)).toEqual({ ...node, alive: true, index: 7 });
});

it('gives records one hidden class, however many there are', () => {
  setFlagsFromString('--allow-natives-syntax');
  const haveSameMap = runInThisContext('(a, b) => %HaveSameMap(a, b)') as (a: unknown, b: unknown) => boolean;
  for (const { key, value, parse } of cases) {
    // The first ones have one in any case, and with the next ones the fields' types are learned.
    const records = Array.from({ length: 100 }, (_, i) => parse(entry(key, value, i))).slice(50);
    expect([key, records.filter((record) => !haveSameMap(record, records[0])).length]).toEqual([key, 0]);
  }
});
