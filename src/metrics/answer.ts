/** What is answered to whoever asks for metrics or health, by METRICS_ADDR or the admin socket. */
import { messageOf } from '../errors.js';
import type { Metrics } from './metrics.js';
import { isReady } from './readiness.js';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

const plain = (status: number, text: string): Answer => ({ status, contentType: 'text/plain; charset=utf-8', text });

/** `url`: as in the request's first line. Never rejects. */
export async function answerTo(
  method: string,
  url: string,
  metrics: Pick<Metrics, 'page' | 'readiness'>,
): Promise<Answer> {
  const [path = ''] = url.split('?');
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'GET alone\n');
  if (path === '/livez') return plain(200, 'ok\n');
  if (path === '/readyz') {
    const { readiness } = metrics;
    const text = `${JSON.stringify(readiness)}\n`;
    return { status: isReady(readiness) ? 200 : 503, contentType: 'application/json', text };
  }
  if (path !== '/metrics') return plain(404, '/metrics, /livez and /readyz are here\n');
  try {
    return { status: 200, ...(await metrics.page()) };
  } catch (e) {
    return plain(500, `${messageOf(e)}\n`);
  }
}
