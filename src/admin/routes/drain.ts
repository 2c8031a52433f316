/** `POST /v1/node/drain` */
import { drainExchange } from '../contract/drain.js';
import { answering } from './route.js';

export const drain = answering(drainExchange, ({ drain }, { on }) => {
  if (on) drain.begin();
  else drain.end();
  return { since: drain.since ?? null };
});
