/** `POST /v1/probe` */
import { probeExchange } from '../contract/probe.js';
import { answering } from './route.js';

export const probe = answering(probeExchange, async ({ port, probes }, { peers }) => ({
  port,
  hosts: await probes.probe([...new Set(peers)]),
}));
