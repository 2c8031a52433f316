/**
 * Device for device, entry for entry: a network's namespace made by tsoverlay on the newest engine against the one
 * made by Docker's own overlay driver on 20.10.5, after the same walk through the guide.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { capture } from './golden.js';
import { Lab } from './lab.js';
import type { LabOptions } from './record.js';
import { NATIVE_TOUR, type Tour, tours } from './tours.js';
import { namespaceOf, STEPS, walk } from './walkthrough.js';

/** All that may differ: what only ours has. */
const DIFFERENCES: readonly { readonly ours: RegExp; readonly why: string }[] = [
  { ours: /\n +alias [0-9a-f]{64}$/gm, why: 'marks devices as ours; the native driver kept a database beside them' },
  {
    ours: / local 10\.0\.0\.\d+(?= srcport)/g,
    why: 'all send from the address that the others let in (see VXLAN_GUARD)',
  },
  {
    ours: /^33:33:00:00:00:02 dev \S+ self permanent\n/gm,
    why: 'routes IPv6 between the subnets of a network, so the kernel listens as a router; the native driver had no IPv6',
  },
  { ours: / qlen 1000$/gm, why: "the kernel's default, unused under noqueue; the native driver's library sets 0" },
];

/** Captures on docker01 and docker02. */
let ours: readonly string[];
let native: readonly string[];
const labs: Lab[] = [];

async function captures(options: Partial<LabOptions>, tour: Tour): Promise<readonly string[]> {
  const lab = await Lab.boot(options);
  labs.push(lab);
  for (const step of STEPS) {
    const { problems, evidence } = await walk(step, lab, tour);
    expect(problems, evidence).toEqual([]);
  }
  const namespace = await namespaceOf(lab.host(1), tour.network);
  return Promise.all(lab.hosts.map((h) => capture(h, namespace)));
}

beforeAll(async () => {
  native = await captures(
    { name: `native${process.pid}`, engine: '20.10.5', nativeOverlay: true, plugin: false },
    NATIVE_TOUR,
  );
  ours = await captures({ engine: '28.5.2' }, tours('28.5.2')[0]);
});

afterAll(() => Promise.all(labs.map((lab) => lab.down())));

it.each([0, 1])('host %i has the same namespace, but for the listed differences', (i) => {
  const common = (text = ''): string[] => DIFFERENCES.reduce((t, d) => t.replace(d.ours, ''), text).split('\n');
  expect(common(ours[i])).toEqual(common(native[i]));
});

it.each(DIFFERENCES)('still differs: $why', ({ ours: difference }) => {
  expect(ours.join('\n')).toMatch(difference);
});
