import type { Surroundings } from '../../surroundings.js';

/** Whether each host that was probed has answered; undefined where nobody could be probed. */
export async function answersOf(probes: Surroundings['probes']): Promise<ReadonlyMap<string, boolean> | undefined> {
  const probed = await probes().catch(() => undefined);
  return probed && new Map(probed.map((one) => [one.peer, one.answered]));
}
