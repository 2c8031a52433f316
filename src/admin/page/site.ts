/** The page of an agent: for as long as somebody looks, this host looks at the whole cluster. */
import { briefOf } from '../../health/brief.js';
import { Sight } from '../../overview/sight.js';
import { Site } from '../../overview/site.js';
import { Watching } from '../../overview/watching.js';
import type { AdminParts } from '../parts.js';
import { Others } from './others.js';

/** Of each agent its own, which goes with it. */
const sites = new WeakMap<AdminParts, Site>();

export function siteOf(agent: AdminParts): Site {
  const known = sites.get(agent);
  if (known !== undefined) return known;
  const { store, view, rows, self, port, probes, ending } = agent;
  const site = new Site({
    sight: new Sight(() => new Watching({ store, known: () => view.current }), ending),
    self: () => self,
    findings: () => briefOf(rows.snapshot).rows,
    others: new Others({ self, port, view, probes, now: () => new Date() }),
    ending,
  });
  sites.set(agent, site);
  return site;
}
