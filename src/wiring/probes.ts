/** What answers the other hosts' probes. */

import { namespacePath, PROBE_NAMESPACE } from '../model/values/names.js';
import { Echo } from '../probe/echo.js';
import { ProbeWays } from '../reconcile/host-parts/probe-ways.js';
import type { Passes } from './passes.js';

export type Probes = ReturnType<typeof makeProbes>;

export function makeProbes({ hostParts, probePlanner }: Pick<Passes, 'hostParts' | 'probePlanner'>) {
  const ways = new ProbeWays(probePlanner, hostParts);
  const echo = new Echo(ways);
  hostParts.onMade('probe', () => {
    const plan = probePlanner.plannedLast;
    if (typeof plan === 'object') echo.listen(namespacePath(PROBE_NAMESPACE), plan.address);
    else echo.stop();
  });
  return { ways, echo };
}
