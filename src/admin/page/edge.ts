/** A probe's result as the page has it. Pure. */
import { judgeProbe } from '../../model/probe/judgement.js';
import type { Probed } from '../../model/probe/passage.js';
import type { NodeId } from '../../model/values/types.js';
import type { Edge } from '../contract/overview.js';

/** The worse of both directions. `port`: UDP, of VXLAN. */
export function edgeOf(from: NodeId, to: NodeId, at: string, way: Probed, port: number): Edge {
  const troubles = judgeProbe(way, port).map(({ trouble, what, cure }) => ({ code: `probe.${trouble}`, what, cure }));
  const common = { from, to, at, reached: way.answered, troubles };
  if (!way.answered) return { ...common, rtt: null, loss: null, mtu: null, planned: null };
  const { roundTrip, there, back, mtu } = way;
  const arrived = Math.min(...[there, back].map((tally) => (tally.sent === 0 ? 1 : tally.arrived / tally.sent)));
  return {
    ...common,
    rtt: roundTrip.median,
    loss: 1 - arrived,
    mtu: Math.min(mtu.there, mtu.back),
    planned: mtu.planned,
  };
}
