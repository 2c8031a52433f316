/** What probes the other hosts, answers theirs, and tells them what doctor finds here. */
import type { Config } from '../config/config.js';
import { UserError } from '../errors.js';
import type { Rows } from '../health/rows.js';
import { namespacePath, PROBE_NAMESPACE } from '../model/values/names.js';
import { Bulletin } from '../probe/bulletin.js';
import { Echo } from '../probe/echo.js';
import { Probes } from '../probe/probes.js';
import { ProbeWays } from '../reconcile/host-parts/probe-ways.js';
import type { ClusterParts } from './cluster.js';
import type { Ground } from './ground.js';
import type { Passes } from './passes.js';

export interface ProbesParts {
  readonly config: Config;
  readonly rows: Rows;
  readonly ground: Pick<Ground, 'measures' | 'self' | 'tenure'>;
  readonly cluster: Pick<ClusterParts, 'local' | 'view'>;
  readonly passes: Pick<Passes, 'hostParts' | 'inspection' | 'probePlanner'>;
}

export function makeProbes({ config, rows, ground, cluster: { view, local }, passes }: ProbesParts) {
  const { hostParts, probePlanner, inspection } = passes;
  const namespace = namespacePath(PROBE_NAMESPACE);
  const ways = new ProbeWays(probePlanner, hostParts);
  const site = () => {
    const plan = probePlanner.plannedLast;
    if (typeof plan !== 'object') throw new UserError('this host has no probe network any more');
    return { namespace, self: plan.address, mtu: plan.mtu };
  };
  const echo = new Echo(ways);
  const probes = new Probes(ways, site, ground.measures, echo);
  const look = async () => {
    // For the few moments at which somebody asks.
    const { examineHere } = await import('./examining.js');
    return examineHere({
      ...{ config, rows, view, local, probes, inspection },
      self: ground.self,
      tenure: ground.tenure,
    });
  };
  const bulletin = new Bulletin(look, (address) => ways.knows(address));
  const answering = [echo, bulletin];
  hostParts.onMade('probe', () => {
    const plan = probePlanner.plannedLast;
    for (const each of answering) typeof plan === 'object' ? each.listen(namespace, plan.address) : each.stop();
  });
  return { probes, answering };
}
