/** The page, `GET /v1/overview`, and its news: for as long as somebody looks, this host looks at the whole cluster. */
import { briefOf } from '../../health/brief.js';
import { Sight } from '../../overview/sight.js';
import { Site } from '../../overview/site.js';
import { Watching } from '../../overview/watching.js';
import { overviewExchange } from '../contract/overview.js';
import type { AdminParts } from '../parts.js';
import type { Route } from './route.js';

/** Of each agent its own, which goes with it. */
const sites = new WeakMap<AdminParts, Site>();

function siteOf(agent: AdminParts): Site {
  const known = sites.get(agent);
  if (known !== undefined) return known;
  const { store, view, rows, self, ending } = agent;
  const site = new Site({
    sight: new Sight(() => new Watching({ store, known: () => view.current }), ending),
    self: () => self,
    findings: () => briefOf(rows.snapshot).rows,
    edges: () => NO_EDGES,
    ending,
  });
  sites.set(agent, site);
  return site;
}

const NO_EDGES = [] as const;

export const overview: readonly Route[] = [
  { method: 'GET', path: '/', handle: async (_req, res, agent) => siteOf(agent).servePage(res) },
  { method: 'GET', path: overviewExchange.path, handle: (_req, res, agent) => siteOf(agent).serveOverview(res) },
  {
    method: 'GET',
    path: `${overviewExchange.path}/events`,
    handle: (_req, res, agent) => siteOf(agent).serveNews(res),
  },
];
