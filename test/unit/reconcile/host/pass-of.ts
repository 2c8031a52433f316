/** The engine pass of a host that prunes, beside an engine of the test's. */
import type { Logger } from 'pino';
import type { Engine } from '../../../../src/model/ports/engine-port.js';
import { EnginePass } from '../../../../src/reconcile/engine/engine-pass.js';
import { Underway } from '../../../../src/registry/changes/underway.js';
import type { Identity } from '../../../../src/registry/nodes/identity.js';
import type { HostMemory } from '../../../../src/store/data-dir/host-memory.js';
import type { makeHost } from '../../registry/host.js';

export function enginePassOf(
  { view, self, networks }: Awaited<ReturnType<typeof makeHost>>,
  engine: Partial<Engine>,
  warn: (...args: unknown[]) => void,
): EnginePass {
  const log = { warn, info: () => {} } as unknown as Logger;
  const memory = { rememberMirror: () => {} } as unknown as HostMemory;
  const tenure = { prunes: true };
  return new EnginePass(engine as Engine, view, self, networks, memory, {} as Identity, tenure, new Underway(), log);
}
