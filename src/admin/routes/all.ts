/** All routes of the admin socket. */
import { release } from './ipam.js';
import { metrics } from './metrics.js';
import { overview } from './overview.js';
import type { Route } from './route.js';
import { status } from './status.js';

export const ROUTES: readonly Route[] = [status, release, ...metrics, ...overview];
