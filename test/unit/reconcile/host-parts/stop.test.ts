/** A stop while a part is looked at: what was looked for is still done, and the kernel is let go after that. */
import { EventEmitter, once } from 'node:events';
import { expect, it, vi } from 'vitest';
import { UNMEASURED } from '../../../../src/health/measures.js';
import { NOBODY } from '../../../../src/health/row.js';
import { OFF } from '../../../../src/model/host/standing.js';
import type { HostPartsKernel } from '../../../../src/model/ports/host-port.js';
import { HostPartsPass } from '../../../../src/reconcile/host-parts/host-parts-pass.js';
import { always } from '../../../../src/reconcile/host-parts/planner.js';
import { heardRows } from '../../health/heard.js';

it('lets the kernel go after the pass that is under way', async () => {
  const told: string[] = [];
  const gate = new EventEmitter();
  const kernel = {
    async observe() {
      told.push('looks');
      await once(gate, 'open');
      return undefined;
    },
    apply: async (step: { kind: string }) => void told.push(step.kind),
    watchGwbridge: () => {},
    guardDrops: () => undefined,
    close: () => told.push('closed'),
  } as unknown as HostPartsKernel;
  const pass = new HostPartsPass({
    ...{ kernel, requestGwbridge: () => {}, port: 4789, log: heardRows().log, meter: UNMEASURED, rows: NOBODY },
    planners: {
      vxlanGuard: always<'vxlanGuard'>({ nodes: new Set(), vnis: new Set() } as never),
      consulGuard: always<'consulGuard'>(OFF),
      gwbridge: always<'gwbridge'>({ mtu: 'keep' }),
      uplinks: always<'uplinks'>(OFF),
      sysctls: always<'sysctls'>([]),
      encryptionFence: always<'encryptionFence'>(OFF),
      probe: always<'probe'>(OFF),
      crypt: always<'crypt'>(OFF),
      accelerator: always<'accelerator'>(OFF),
    },
  });
  pass.kick('vxlanGuard');
  await vi.waitFor(() => expect(told).toEqual(['looks']));
  const stopped = pass.stop();
  expect(told).toEqual(['looks']);
  gate.emit('open');
  await stopped;
  expect(told).toEqual(['looks', 'replaceVxlanGuard', 'closed']);
});
