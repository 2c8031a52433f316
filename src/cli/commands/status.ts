import { setTimeout as sleep } from 'node:timers/promises';
import { command, type Given } from '../frame/command.js';
import type { Desk } from '../frame/desk.js';
import { secondsIn } from '../frame/options.js';
import { lookAtAgent } from '../reading/agent.js';
import { lookAtGuard } from '../reading/guard.js';
import { readThisCluster } from '../reading/this-cluster.js';
import { type Looks, statusJson, statusReport } from '../status-report.js';

const LOOK_MS = 500;
/** Of one look, s. */
const LONGEST_S = 5;

const patience = ({ options }: Given): number => secondsIn('--wait', options.wait, 3600) ?? 0;

export const status = command({
  usage: 'status',
  about: 'this host (what serves, what hinders it), and the cluster: nodes, networks, pools, what waits for a host',
  example: 'tsoverlay status --wait 30',
  options: [
    {
      flags: '--wait <seconds>',
      about:
        'wait until tsoverlay serves here, has the store, and all that it keeps right is so; exit status 0 means just that',
    },
  ],
  json: statusJson,
  seconds: (given) => patience(given) + LONGEST_S,
  async run(desk, given) {
    const isAwaited = given.options.wait !== undefined;
    const end = performance.now() + patience(given) * 1000;
    for (;;) {
      const looks = await look(desk);
      const report = statusReport(looks);
      if (!isAwaited) return report;
      if (isReady(looks)) return { ...report, exit: 0 };
      if (performance.now() >= end) return { ...report, exit: report.exit === 0 ? 1 : report.exit };
      await sleep(LOOK_MS);
    }
  },
});

async function look(desk: Desk): Promise<Looks> {
  const [agent, cluster] = await Promise.all([lookAtAgent(desk), readThisCluster(desk)]);
  return { agent, cluster, guard: lookAtGuard(desk), port: desk.settings.vxlanPort, troubles: desk.troubles };
}

/** What no attempt puts right (`degraded`) will not pass by waiting. */
const isReady = ({ agent, cluster }: Looks): boolean =>
  !('away' in agent) &&
  agent.agent.key === 'held' &&
  cluster.from === 'store' &&
  !agent.rows.some(({ state, severity }) => severity !== 'low' && state !== 'degraded');
