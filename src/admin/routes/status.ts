/** `GET /v1/status` */
import { briefOf } from '../../health/brief.js';
import { statusExchange } from '../contract/status.js';
import { answering } from './route.js';

export const status = answering(statusExchange, ({ self, address, started, rows }) => ({
  agent: { id: self, address, pid: process.pid, started: started.toISOString() },
  ...briefOf(rows.snapshot),
}));
