/** `GET /v1/status` */
import { briefOf } from '../../health/brief.js';
import { type AgentStatus, statusExchange } from '../contract/status.js';
import type { AdminParts } from '../parts.js';
import { answering } from './route.js';

const keyOf = ({ refusal, holds }: AdminParts['tenure']): AgentStatus['agent']['key'] =>
  refusal !== undefined ? 'refused' : holds ? 'held' : 'not yet';

export const status = answering(statusExchange, (parts) => {
  const { self, address, started, rows, servers, pulse, view, tenure, crypt } = parts;
  return {
    agent: {
      ...{ id: self, address, pid: process.pid, started: started.toISOString(), key: keyOf(tenure) },
      session: tenure.session.report,
    },
    store: {
      servers,
      answered: pulse.last?.at.toISOString() ?? null,
      ms: pulse.last?.ms ?? null,
      confirmed: view.confirmed,
    },
    ...briefOf(rows.snapshot),
    encryption: crypt.report(),
  };
});
