/** All routes of the admin socket. */
import { differences } from './differences.js';
import { dns } from './dns.js';
import { drain } from './drain.js';
import { release } from './ipam.js';
import { rotate } from './key.js';
import { metrics } from './metrics.js';
import { overview } from './overview.js';
import { probe } from './probe.js';
import type { Route } from './route.js';
import { status } from './status.js';

export const ROUTES: readonly Route[] = [
  status,
  differences,
  dns,
  drain,
  release,
  rotate,
  probe,
  ...metrics,
  ...overview,
];
