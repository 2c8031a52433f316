/** What the admin socket answers. Its routes are loaded with the first question, for most hosts are never asked. */
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { ZodError } from 'zod';
import { isUserError, messageOf, UserError } from '../../errors.js';
import type { Log } from '../../health/events.js';
import { foreignness } from '../../model/web/loopback.js';
import { ANSWERS_VERSION } from '../contract/exchange.js';
import type { AdminParts } from '../parts.js';
import type { Route } from '../routes/route.js';

const BODY_LIMIT = '64kb';

/** `agent`: the one that runs now; undefined while there is none, at the start and between two. */
export function makeAdminApp(agent: () => AdminParts | undefined, log: Pick<Log, 'error'>): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // By `ssh -L` the socket is a port of somebody's desk, where pages of the web run, too.
  app.use((req, res, next) => {
    const words = foreignness(req.headers);
    if (words === undefined) next();
    else refuse(res, 403, words);
  });
  app.use(express.json({ type: () => true, limit: BODY_LIMIT }));
  let router: Router | undefined;
  app.use(async (req, res, next) => {
    router ??= routerOf((await import('../routes/all.js')).ROUTES, agent);
    router(req, res, next);
  });
  app.use((req, res) => refuse(res, 404, `there is nothing at ${req.method} ${req.path}`));
  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    if (isUserError(error)) return refuse(res, 409, error.message);
    if (error instanceof ZodError) return refuse(res, 400, `what was asked cannot be read: ${issueOf(error)}`);
    log.error({ event: 'bug', err: error }, 'a question at the admin socket failed');
    refuse(res, 500, `unexpected error, please report it: ${messageOf(error)}`);
  });
  return app;
}

function routerOf(routes: readonly Route[], agent: () => AdminParts | undefined): Router {
  const router = express.Router();
  for (const { method, path, handle } of routes)
    router[method === 'GET' ? 'get' : 'post'](path, async (req, res) => {
      const parts = agent();
      if (parts === undefined) throw new UserError('tsoverlay is starting on this host; ask again');
      await handle(req, res, parts);
    });
  return router;
}

const issueOf = ({ issues: [issue] }: ZodError): string =>
  `${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'invalid'}`;

function refuse(res: Response, status: number, error: string): void {
  if (res.headersSent) res.destroy();
  else res.status(status).json({ version: ANSWERS_VERSION, error });
}
