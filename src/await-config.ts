/**
 * A managed plugin that ends when its engine starts is marked as disabled, for good. But a host may get the address
 * it is to advertise later than its engine starts: until then the plugin is there, and says what it waits for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { makeRefusal, serve } from './api/server.js';
import { type Config, readConfig, readSockets } from './config/config.js';
import type { Env } from './config/reading.js';
import { NotYetError } from './errors.js';
import type { Log } from './health/events.js';

const LOOK_MS = 500;

/** The settings, as soon as they can be used. Throws a UserError for what no waiting puts right. */
export async function awaitConfig(env: Env, log: Log): Promise<Config> {
  const first = tryConfig(env);
  if (!(first instanceof NotYetError)) return first;
  const sockets = readSockets(env.PLUGIN_SOCKETS ?? '');
  // A process has a service manager that starts it again, and a person who wants to know at once.
  if (sockets.length === 1) throw first;
  log.warn({ event: 'waiting', err: first.message }, 'waiting for what CLUSTER_ADVERTISE names');
  const app = makeRefusal(`tsoverlay: ${first.message}; waiting for it`);
  const servers = await Promise.all(sockets.map((path) => serve(app, path)));
  try {
    for (;;) {
      await sleep(LOOK_MS);
      const config = tryConfig(env);
      if (!(config instanceof NotYetError)) return config;
    }
  } finally {
    for (const server of servers) {
      server.close();
      // The engine keeps its connections, and would go on talking to this one.
      server.closeAllConnections();
    }
  }
}

function tryConfig(env: Env): Config | NotYetError {
  try {
    return readConfig(env);
  } catch (e) {
    if (e instanceof NotYetError) return e;
    throw e;
  }
}
