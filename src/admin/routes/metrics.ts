/** `GET /metrics`, `/livez`, `/readyz`: the same as at METRICS_ADDR. */
import { answerTo } from '../../metrics/answer.js';
import type { Route } from './route.js';

const route = (path: string): Route => ({
  method: 'GET',
  path,
  handle: async (_req, res, { metrics }) => {
    const { status, contentType, text } = await answerTo('GET', path, metrics);
    res.status(status).set('content-type', contentType).send(text);
  },
});

export const metrics: readonly Route[] = ['/metrics', '/livez', '/readyz'].map(route);
