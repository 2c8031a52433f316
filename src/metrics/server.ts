/**
 * `GET /metrics`, `/livez` and `/readyz` on METRICS_ADDR. Whoever reaches that address may ask, containers too where it is
 * no loopback address: so connections are few, what they may send is short, and answers are given at a pace.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reason } from '../health/entry.js';
import { Pace } from '../health/pace.js';
import type { RowPort } from '../health/row.js';
import { insist } from '../insist.js';
import { isLoopback, isLoopbackName } from '../model/web/loopback.js';
import { type Answer, answerTo } from './answer.js';
import type { Metrics } from './metrics.js';

export interface Listening {
  readonly host: string;
  readonly port: number;
}

const MOST_CONNECTIONS = 32;
/** Of a request's head, ms; an idle connection is kept twice as long. */
const PATIENCE_MS = 5_000;
const LONGEST_HEAD = 8_192;
/** Answers at once, and ms for one more. */
const BURST = 40;
const EVERY_MS = 50;

export class MetricsServer {
  private readonly ending = new AbortController();
  private readonly pace = new Pace(BURST, EVERY_MS);
  private readonly server: Server;

  constructor(
    private readonly metrics: Pick<Metrics, 'count' | 'page' | 'readiness'>,
    private readonly listening: Listening,
    private readonly row: RowPort<Reason>,
  ) {
    const limits = { headersTimeout: PATIENCE_MS, requestTimeout: PATIENCE_MS, keepAliveTimeout: 2 * PATIENCE_MS };
    this.server = createServer({ ...limits, maxHeaderSize: LONGEST_HEAD }, (req, res) => void this.serve(req, res));
    this.server.maxConnections = MOST_CONNECTIONS;
  }

  /** Listens, and tries on while it cannot: the address may come later, or another process have the port. */
  start(): void {
    void this.metrics.count();
    void insist(this.row, this.ending.signal, () => this.listen());
  }

  stop(): void {
    this.ending.abort();
    this.server.close();
    this.server.closeAllConnections();
  }

  private async listen(): Promise<void> {
    const { host, port } = this.listening;
    this.server.listen({ host, port });
    await once(this.server, 'listening');
    if (this.ending.signal.aborted) this.server.close();
  }

  private async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const wait = this.pace.take();
    if (wait > 0) await sleep(wait, undefined, { ref: false });
    const { status, contentType, text } = await this.answer(req);
    res.writeHead(status, {
      'content-type': contentType,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    res.end(req.method === 'HEAD' ? undefined : text);
  }

  /** A page of the web that has its name lead to loopback is no business of ours: it would read along. */
  private async answer(req: IncomingMessage): Promise<Answer> {
    if (isLoopback(this.listening.host) && !isLoopbackName(req.headers.host ?? ''))
      return { status: 421, contentType: 'text/plain', text: 'METRICS_ADDR is a loopback address: ask by that\n' };
    return answerTo(req.method ?? '', req.url ?? '', this.metrics);
  }
}
