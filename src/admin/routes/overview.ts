/** The page, `GET /v1/overview`, and its news. Loaded when somebody asks for it. */
import type { Response } from 'express';
import type { Site } from '../../overview/site.js';
import { overviewExchange } from '../contract/overview.js';
import type { Route } from './route.js';

const route = (path: string, answer: (site: Site, res: Response) => Promise<void> | void): Route => ({
  method: 'GET',
  path,
  handle: async (_req, res, agent) => {
    const { siteOf } = await import('../page/site.js');
    await answer(siteOf(agent), res);
  },
});

export const overview: readonly Route[] = [
  route('/', (site, res) => site.servePage(res)),
  route(overviewExchange.path, (site, res) => site.serveOverview(res)),
  route(`${overviewExchange.path}/events`, (site, res) => site.serveNews(res)),
];
