/** The engine pass of a host that prunes, beside an engine of the test's. */
import type { Engine } from '../../../../src/model/ports/engine-port.js';
import { EnginePass } from '../../../../src/reconcile/engine/engine-pass.js';
import { Underway } from '../../../../src/registry/changes/underway.js';
import type { makeHost } from '../../registry/host.js';

export function enginePassOf(
  { view, self, networks }: Awaited<ReturnType<typeof makeHost>>,
  engine: Partial<Engine>,
  warn: (...args: unknown[]) => void,
): EnginePass {
  const log = { warn, info: () => {} };
  const memory = { rememberMirror: () => {} };
  const identity = { confirm: async () => {} };
  const tenure = { prunes: true };
  return new EnginePass({
    engine: engine as Engine,
    view,
    self,
    networks,
    memory,
    identity,
    tenure,
    underway: new Underway(),
    log,
  });
}
