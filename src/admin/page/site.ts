/** The page of an agent: for as long as somebody looks, this host looks at the whole cluster. */
import { briefOf } from '../../health/brief.js';
import { Sight } from '../../overview/sight.js';
import { Site } from '../../overview/site.js';
import { Watching } from '../../overview/watching.js';
import type { AdminParts } from '../parts.js';

/** Of each agent its own, which goes with it. */
const sites = new WeakMap<AdminParts, Site>();

export function siteOf(agent: AdminParts): Site {
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
