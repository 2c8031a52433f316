/** The engine pass of a host that prunes, beside an engine of the test's. */
import type { Engine } from '../../../../src/model/ports/engine-port.js';
import { EnginePass } from '../../../../src/reconcile/engine/engine-pass.js';
import { Underway } from '../../../../src/registry/changes/underway.js';
import type { Identity } from '../../../../src/registry/nodes/identity.js';
import type { HostMemory } from '../../../../src/store/data-dir/host-memory.js';
import type { heardRows } from '../../health/heard.js';
import type { makeHost } from '../../registry/host.js';

export function enginePassOf(
  { view, self, networks }: Awaited<ReturnType<typeof makeHost>>,
  engine: Partial<Engine>,
  { log, rows }: Pick<ReturnType<typeof heardRows>, 'log' | 'rows'>,
): EnginePass {
  const memory = { rememberMirror: () => {} } as unknown as HostMemory;
  const [tenure, underway] = [{ prunes: true }, new Underway()];
  return new EnginePass(engine as Engine, view, self, networks, memory, {} as Identity, tenure, underway, log, rows);
}
