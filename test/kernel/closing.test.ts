/** A kernel that is closed while something is on its way in it: that is not done, and never in another namespace. */
import { closeSync, openSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LinuxKernel } from '../../src/kernel/host.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { readSysctls } from '../../src/kernel/system/sysctl.js';
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
