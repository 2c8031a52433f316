/** What probes the other hosts, and answers theirs. */
import { UserError } from '../errors.js';
import { namespacePath, PROBE_NAMESPACE } from '../model/values/names.js';
import { Echo } from '../probe/echo.js';
import { Probes } from '../probe/probes.js';
import { ProbeWays } from '../reconcile/host-parts/probe-ways.js';
import type { Ground } from './ground.js';
import type { Passes } from './passes.js';

export function makeProbes(
  { measures: meter }: Pick<Ground, 'measures'>,
  { hostParts, probePlanner }: Pick<Passes, 'hostParts' | 'probePlanner'>,
) {
  const ways = new ProbeWays(probePlanner, hostParts);
  const echo = new Echo(ways);
  const namespace = namespacePath(PROBE_NAMESPACE);
  hostParts.onMade('probe', () => {
    const plan = probePlanner.plannedLast;
    if (typeof plan === 'object') echo.listen(namespace, plan.address);
    else echo.stop();
  });
  const probes = new Probes(
    ways,
    () => {
      const plan = probePlanner.plannedLast;
      if (typeof plan !== 'object') throw new UserError('this host has no probe network any more');
      return { namespace, self: plan.address, mtu: plan.mtu };
    },
    meter,
  );
  return { echo, probes };
}
