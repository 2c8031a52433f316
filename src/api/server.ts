/** The plugin's HTTP server on a unix socket (express), as the engine's remote driver calls it. */
import { existsSync, mkdirSync, unlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import express, { type NextFunction, type Request, type Response } from 'express';
import { ZodError } from 'zod';
import { DeadlineError, isDeadlineError, isStoreError, isUserError, UserError } from '../errors.js';
import type { Log } from '../health/events.js';
import { type Meter, UNMEASURED } from '../health/measures.js';
import type { Route, Routes } from './routes.js';
import { wordsFor } from './words.js';

/** No call takes longer: unmanaged plugins have no time-out on the engine's side, so a hang would hang dockerd. */
const CALL_DEADLINE_MS = 20_000;

/** Requests are small; the largest is a network with many labels. */
const BODY_LIMIT = '1mb';

const CUT_OFF = 'tsoverlay: this call was cut off by a restart of tsoverlay; try again';

/** `onRetryable` is told of each call that failed and would go through later. */
export function makeApp(
  routes: Routes,
  log: Log,
  onRetryable: () => void = () => {},
  meter: Meter = UNMEASURED,
): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // The engine sends no Content-Type, and some calls have no body.
  app.use(express.json({ type: () => true, limit: BODY_LIMIT, strict: false }));
  app.post('/:method', async (req, res) => {
    const method = req.params.method;
    const route = routes.get(method);
    if (route === undefined) {
      res.status(404).json({ Err: `tsoverlay: unknown method ${method}` });
      return;
    }
    await answer(method, route, req, res, log, onRetryable, meter);
  });
  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    log.warn({ event: 'call-unreadable', err: error }, 'unreadable request');
    fail(res, 'tsoverlay: the engine sent a request it cannot read');
  });
  return app;
}

/** Answers every call with the same words. */
export function makeRefusal(words: string): express.Express {
  return express().use((_req, res) => fail(res, words));
}

async function answer(
  method: string,
  route: Route,
  req: Request,
  res: Response,
  log: Log,
  onRetryable: () => void,
  meter: Meter,
): Promise<void> {
  const start = process.hrtime.bigint();
  const took = () => Number(process.hrtime.bigint() - start) / 1e6;
  const count = (outcome: 'ok' | 'refused' | 'failed') =>
    meter.tell('call', { method, outcome, seconds: took() / 1_000 });
  try {
    const result = await withDeadline(method, route.handle(req.body ?? {}, { host: req.headers.host ?? '' }));
    log.info({ event: 'call', call: method, ms: took() }, 'driver call');
    count('ok');
    res.status(200).json(result);
  } catch (e) {
    // The engine repeats a call that was cut off after its content was sent without the content (design, fact 7).
    const wasCutOff = e instanceof ZodError && (req.headers['content-length'] ?? '0') === '0';
    const words = wasCutOff ? CUT_OFF : wordsFor(e);
    const level = isUserError(e) ? 'warn' : 'error';
    count(isUserError(e) ? 'refused' : 'failed');
    log[level]({ event: 'call-failed', call: method, ms: took(), err: isUserError(e) ? undefined : e }, words);
    fail(res, words);
    if (wasCutOff || isDeadlineError(e) || (isStoreError(e) && e.retryable)) onRetryable();
  }
}

/** The network side reads `Err`, the IPAM side `Error`; on a status other than 200 both read `Err`. */
const fail = (res: Response, words: string): void => {
  res.status(500).json({ Err: words, Error: words });
};

async function withDeadline<T>(method: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new DeadlineError(`${method} was not done within ${CALL_DEADLINE_MS / 1000} s; try again`)),
      CALL_DEADLINE_MS,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Serves on the socket, mode 0600. Throws a UserError when another living process has it. */
export async function serve(app: express.Express, path: string): Promise<Server> {
  mkdirSync(dirname(path), { recursive: true });
  if (existsSync(path)) {
    if (await isAlive(path))
      throw new UserError(`the socket ${path} is served by another living process; stop that tsoverlay first`);
    unlinkSync(path);
  }
  const server = createServer(app);
  // The engine reuses connections: closing an idle one would race with its next call (design, fact 7).
  server.keepAliveTimeout = 0;
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(mask);
  }
  return server;
}

const isAlive = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
