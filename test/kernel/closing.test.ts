/** A kernel that is closed while something is on its way in it: that is not done, and never in another namespace. */
import { EventEmitter, once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Lane } from '../../src/kernel/bpf/lane.js';
import { createMap, idOfMap, numberIn } from '../../src/kernel/bpf/syscall.js';
import { Wire } from '../../src/kernel/bpf/wire.js';
import { LinuxKernel } from '../../src/kernel/host.js';
import { inLine } from '../../src/kernel/netfilter/lines.js';
import { Rtnetlink } from '../../src/kernel/netlink/rtnetlink.js';
import { VxlanGuard } from '../../src/kernel/rules/vxlan-guard.js';
import { HeldNamespace } from '../../src/kernel/system/held-namespace.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { readSysctls } from '../../src/kernel/system/sysctl.js';
import type { AccelerationPlan } from '../../src/model/plan/namespace-plan.js';
import type { Step } from '../../src/model/plan/steps.js';
import { NAMESPACE_SYSCTLS } from '../../src/model/plan/sysctls.js';
import { Bench, NS, run } from './bench.js';
import { withBusyPool } from './busy-pool.js';

/** More than a kernel closes. */
const NUMBERS = 40;
const ASIDE = 'net/ipv6/conf/lo/disable_ipv6';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close());

test('settings that a namespace has not got yet are nobody’s, whoever has its descriptor’s number now', async () => {
  const { path, netnsDir } = bench.host('host');
  const kernel = withNamespace(path, () => new LinuxKernel({ advertise: '10.0.0.1', netnsDir }));
  const other = bench.namespace('other');
  const settings = () => withNamespace(other, () => readSysctls([ASIDE, ...NAMESPACE_SYSCTLS.keys()]));
  const before = settings();
  const { made, taken } = await withBusyPool(async () => {
    const step: Step = { kind: 'createNamespace', ns: NS, reason: 'test' };
    const made = kernel.apply(step).then(() => undefined, String);
    for (let n = 0; n < 5; n++) await turn();
    kernel.close();
    return { made, taken: Array.from({ length: NUMBERS }, () => openSync(other, 'r')) };
  });
  try {
    expect(await made).toContain('ECANCELED');
    expect(settings()).toEqual(before);
    expect(run(`${netnsDir}/${NS}`, 'sysctl', '-n', 'net.ipv6.conf.default.disable_ipv6').trim()).toBe('1');
  } finally {
    for (const fd of taken) closeSync(fd);
  }
});

test('a guard that was closed asks nobody, whoever has the number of its socket now', async () => {
  const guard = withNamespace(bench.namespace('host'), () => new VxlanGuard(4, 'on', 4789));
  await guard.replace(['10.0.0.1'], [256]);
  expect(guard.drops()?.get('prerouting')).toBe(0);
  guard.close();
  await turn();
  await inLine('closing', async () => undefined);
  for (const ask of [() => guard.drops(), () => guard.observe(), () => guard.members()])
    expect(ask).toThrow(expect.objectContaining({ code: 'ECANCELED' }));
  await expect(guard.remove()).rejects.toMatchObject({ code: 'ECANCELED' });
});

describe('the list of networks that have the short way', () => {
  const VNI = 256;
  /** As its maps have them. */
  const KEY = Buffer.from([0, 1, 0, 0]);
  let path: string;
  let socket: Rtnetlink;
  let macs: number;
  beforeEach(() => {
    path = bench.namespace('host');
    socket = withNamespace(path, () => new Rtnetlink());
    macs = createMap('macs');
  });
  afterEach(() => {
    socket.close();
    closeSync(macs);
  });

  test('gets what waits for a pool thread, whoever would have the number of its map', async () => {
    const wire = new Wire(socket);
    await wire.listed(VNI);
    const { listing, others } = await withBusyPool(async () => {
      const listing = wire.list(VNI, macs, 7).then(() => 'listed', String);
      for (let n = 0; n < 5; n++) await turn();
      wire.close();
      for (let n = 0; n < 5; n++) await turn();
      return { listing, others: Array.from({ length: 5 }, () => createMap('networks', macs)) };
    });
    try {
      expect(await listing).toBe('listed');
      expect(others.map((map) => numberIn(map, KEY))).toEqual(others.map(() => undefined));
    } finally {
      for (const map of others) closeSync(map);
    }
    await expect(wire.list(VNI, macs, 7)).rejects.toMatchObject({ code: 'ECANCELED' });
  });

  test('gets the map of a network that is let go meanwhile, and no other', async () => {
    const home = withNamespace(path, () => new HeldNamespace());
    const inside = withNamespace(bench.namespace('inside'), () => new Rtnetlink());
    const gate = new EventEmitter();
    const asked = once(gate, 'asked');
    const opened = once(gate, 'opened');
    const wire = new (class extends Wire {
      override async list(vni: number, table: number, lane: number): Promise<void> {
        gate.emit('asked', idOfMap(table));
        await opened;
        await super.list(vni, table, lane);
      }
    })(socket);
    const lane = new Lane(wire, inside, 'tsl0', home);
    const made = lane.make({ vni: VNI, local: '10.0.0.1', port: 4789, longest: 1464 } as AccelerationPlan);
    const [ours] = await asked;
    lane.close();
    for (let n = 0; n < 5; n++) await turn();
    const others = Array.from({ length: 5 }, () => createMap('macs'));
    gate.emit('opened');
    await made;
    expect((await wire.listed(VNI)).macs).toBe(ours);
    for (const map of others) closeSync(map);
    for (const each of [wire, inside, home]) each.close();
  });
});
