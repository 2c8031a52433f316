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

interface Difference {
  /** What only ours has. */
  readonly ours?: RegExp;
  /** What only the native driver's has. */
  readonly native?: RegExp;
  readonly why: string;
}

/** All that may differ. */
const DIFFERENCES: readonly Difference[] = [
  { ours: /\n +alias [0-9a-f]{64}$/gm, why: 'marks devices as ours; the native driver kept a database beside them' },
  {
    ours: / local 10\.0\.0\.\d+(?= srcport)/g,
    why: 'all send from the address that the others let in (see VXLAN_GUARD)',
  },
  {
    ours: /^33:33:00:00:00:02 dev \S+ self permanent\n/gm,
    why: 'routes IPv6 between the subnets of a network, so the kernel listens as a router; the native driver had no IPv6',
  },
  {
    ours: / qlen 1000$/gm,
    // Of lo, which nobody makes.
    native: / qlen 1000$/gm,
    why: "the kernel's default, unused under noqueue; the native driver's library sets 0",
  },
  {
    ours: / nolearning(?= proxy)/g,
    native: / l2miss l3miss(?= ttl)/g,
    why: 'every MAC is known, so VXLAN devices neither learn nor tell of what they miss: a container could ask and send without end',
  },
  {
    ours: / learning off flood off(?= port_id)/g,
    native: / learning on flood on(?= port_id)/g,
    why: 'the bridge does not learn either, and what is for a MAC that it does not know goes nowhere',
  },
  {
    ours: /^02:42:\S+ dev \S+ master br0 static *\n/gm,
    native: /^02:42:\S+ dev \S+ master br0 *\n/gm,
    why: 'MACs are static entries of the bridge; the native driver had it learn them',
  },
  {
    ours: /^<mac> dev br0 master br0 permanent\n/gm,
    why: 'a bridge has a MAC of its own, not that of whichever port came last: routes between subnets would lead nowhere',
  },
  {
    ours: / mcast_snooping 0\b/g,
    native: / mcast_snooping 1\b/g,
    why: 'a bridge that snoops keeps what containers say of groups, and believes a container that calls itself a querier',
  },
  {
    native: /^(01:00:5e:00:00|33:33:00:00:00):6a dev br0 self permanent *\n/gm,
    why: 'who does not snoop is no member of the group of all snoopers',
  },
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
  const without = (text: string | undefined, which: 'ours' | 'native'): string[] =>
    DIFFERENCES.reduce((t, d) => t.replace(d[which] ?? '', ''), text ?? '').split('\n');
  expect(without(ours[i], 'ours')).toEqual(without(native[i], 'native'));
});

it.each(DIFFERENCES)('still differs: $why', ({ ours: only, native: lost }) => {
  if (only !== undefined) expect(ours.join('\n')).toMatch(only);
  if (lost !== undefined) expect(native.join('\n')).toMatch(lost);
});
