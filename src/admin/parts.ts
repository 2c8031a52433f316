/** What the routes of the admin socket may look at: parts of the agent that runs now, each the narrowest port of it. */
import type { Rows } from '../health/rows.js';
import type { NodeAddress, NodeId } from '../model/values/types.js';

export interface AdminParts {
  readonly self: NodeId;
  readonly address: NodeAddress;
  /** When this agent began. */
  readonly started: Date;
  readonly rows: Pick<Rows, 'onChange' | 'snapshot'>;
}
