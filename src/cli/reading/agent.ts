/** What the one that serves on this host says of itself. */
import { type AgentStatus, statusExchange } from '../../admin/contract/status.js';
import { messageOf } from '../../errors.js';
import { isAway } from '../frame/agent-client.js';
import type { Desk } from '../frame/desk.js';

/** Away: one sentence that says so, and since when. */
export type Agent = AgentStatus | { readonly away: string };

/** Never rejects. */
export async function lookAtAgent(desk: Desk): Promise<Agent> {
  try {
    return await desk.ask(statusExchange, {});
  } catch (e) {
    return { away: isAway(e) ? await desk.away() : messageOf(e) };
  }
}
