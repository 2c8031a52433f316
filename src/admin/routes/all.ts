/** All routes of the admin socket. */
import { release } from './ipam.js';
import { rotate } from './key.js';
import { metrics } from './metrics.js';
import type { Route } from './route.js';
import { status } from './status.js';

export const ROUTES: readonly Route[] = [status, release, rotate, ...metrics];
