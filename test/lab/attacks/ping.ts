/** Packets of the network that is not attacked, across the underlay: asking for names sends none. */
import type { Field, HostNumber } from './field.js';
import type { Pings } from './figures.js';

/** A second. */
const PACE = 10;

/** From this host's container to the other one's. */
export async function ping(field: Field, host: HostNumber, seconds: number): Promise<Pings> {
  const { address } = host === 1 ? field.targets.otherVictim : field.targets.ownVictim;
  const line = `exec victim${host} ping -q -i ${1 / PACE} -c ${seconds * PACE} -W 2 ${address}`;
  // It fails where nothing comes back, and says so.
  const { stdout, stderr } = await field.host(host).engine.attempt(...line.split(' '));
  const [, sent, received] = /(\d+) packets transmitted, (\d+) packets received/.exec(stdout)?.map(Number) ?? [];
  if (sent === undefined || received === undefined) throw new Error(`ping said: ${stdout}${stderr}`);
  return { sent, lost: sent - received };
}
