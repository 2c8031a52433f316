/** What the resolvers of all containers share. */
import type { Log } from '../../health/events.js';
import type { RowPorts } from '../../health/row.js';
import type { Budget } from './budget.js';
import type { Turns } from './turns.js';

export interface Common {
  readonly budget: Budget;
  readonly turns: Turns;
  readonly log?: Pick<Log, 'warn'> | undefined;
  readonly rows?: RowPorts<'dns.share'>;
}
