/** Good records with something changed, ten thousand times over: nothing throws, nothing is read as what it is not. */
import { expect, it } from 'vitest';
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
} from '../../../../src/store/records/records.js';
import { endpointOf, leaseOf, networkId, networkOf, nodeOf, poolOf } from '../samples.js';

/** Marsaglia's xorshift: the same run for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

const [network, endpoint] = [networkOf(networkId('a')), endpointOf(networkId('a'), 'b')];
const [lease, pool, node] = [leaseOf('fd00:1::/64', 'fd00:1::1'), poolOf('172.16.1.0/24'), nodeOf('10.0.0.60', 'h')];
const KINDS = [
  { key: keys.node(node.address), value: formatNode(node), parse: parseNode, format: formatNode },
  { key: keys.network(network.id), value: formatNetwork(network), parse: parseNetwork, format: formatNetwork },
  {
    key: keys.endpoint(network.id, endpoint.node, endpoint.id),
    value: formatEndpoint(endpoint),
    parse: parseEndpoint,
    format: formatEndpoint,
  },
  { key: keys.lease(lease.pool, lease.address), value: formatLease(lease), parse: parseLease, format: formatLease },
  { key: keys.pool(pool.cidr), value: formatPool(pool), parse: parsePool, format: formatPool },
] as const;

const ODD: readonly unknown[] = [
  ...[
    null,
    true,
    0,
    -1,
    1,
    255,
    256,
    65_536,
    1e300,
    0.5,
    '',
    ' ',
    '..',
    '/',
    '\u0000',
    '\u001b[2J',
    '\u202e',
    '\ud800',
  ],
  ...[
    '__proto__',
    '10.0.0.1',
    '10.0.0.0/24',
    '::',
    'fe80::1%0',
    '02:00:00:00:00:00',
    'a'.repeat(64),
    'é'.repeat(1_000),
  ],
  ...[[], {}, [[]], [{}], { a: 'b' }, { length: 3 }, Array(2_000).fill('10.0.0.0/24')],
];

const DEEPEST = 6;

/** Changes one place of a JSON value, chosen by chance. */
function mutate(value: unknown, random: (below: number) => number, depth = 0): unknown {
  const inside = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  if (!inside || depth > DEEPEST || random(6) === 0) return change(value, random);
  const names = Object.keys(value);
  const name = names[random(names.length)] ?? '';
  const next = mutate((value as Record<string, unknown>)[name], random, depth + 1);
  if (Array.isArray(value)) return value.map((v, i) => (String(i) === name ? next : v));
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, k === name ? next : v]));
}

function change(value: unknown, random: (below: number) => number): unknown {
  const odd = ODD[random(ODD.length)];
  if (typeof value === 'string' && random(2) === 0) {
    const at = random(value.length + 1);
    return `${value.slice(0, at)}${String(odd).slice(0, random(4))}${value.slice(at + random(3))}`;
  }
  if (typeof value === 'number' && random(2) === 0) return value + random(1_000) - 500;
  if (Array.isArray(value) && random(2) === 0) return random(2) === 0 ? [...value, odd] : value.slice(1);
  if (typeof value === 'object' && value !== null && random(2) === 0)
    return { ...value, [String(ODD[random(26)])]: odd };
  return odd;
}

/** Damages the text itself, as a broken disk or a careless hand does. */
function scratch(text: string, random: (below: number) => number): string {
  const at = random(text.length);
  return `${text.slice(0, at)}${String.fromCharCode(random(300))}${text.slice(at + random(4))}`;
}

/** The fields of `found` that are in `kept` too, in the order of `kept`. */
function known(found: unknown, kept: unknown): unknown {
  if (typeof kept !== 'object' || kept === null || Array.isArray(kept) !== Array.isArray(found)) return found;
  const fields = Object.entries(kept).map(([name, value]) => [
    name,
    known((found as Record<string, unknown>)[name], value),
  ]);
  return Array.isArray(kept) && (found as unknown[]).length === kept.length
    ? fields.map(([, value]) => value)
    : Object.fromEntries(fields);
}

it.each([1, 2, 3, 4])('seed %i', (seed) => {
  const random = randomOf(seed * 7919);
  let taken = 0;
  for (let i = 0; i < 500; i++)
    for (const { key, value, parse, format } of KINDS) {
      const text = random(5) === 0 ? scratch(value, random) : JSON.stringify(mutate(JSON.parse(value), random));
      const at = random(8) === 0 ? scratch(key, random) : key;
      const entry: Entry = { key: at, value: text, index: 7, born: 3, held: false, everHeld: true };
      let reason: string | undefined;
      const record = parse(entry, (_, why) => {
        reason = why;
      });
      const isSaid = reason === undefined || /^[^\p{Cc}\p{Cf}]{1,210}$/u.test(reason);
      if ((record === undefined) !== (reason !== undefined) || !isSaid)
        expect([at, text, reason]).toBe('one of the two');
      if (record === undefined) continue;
      taken++;
      const again = (format as (record: object) => string)(record);
      // Byte for byte, but for fields that a newer release may have added.
      if (JSON.stringify(known(JSON.parse(text), JSON.parse(again))) !== again) expect(again).toBe(text);
    }
  expect(taken, 'some of it is harmless').toBeGreaterThan(100);
});
