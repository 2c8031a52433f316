/** The process that serves the engine: settings, log, agents, signals. */
import { EventFile } from './admin/serving/event-file.js';
import { Supervisor } from './agent/supervisor.js';
import { awaitConfig } from './await-config.js';
import { adminSocketOf, readSockets } from './config/config.js';
import { isUserError } from './errors.js';
import type { Log } from './health/events.js';
import { makeLog } from './log.js';

/** Resolves once it serves, or ends the process when a setting or the host forbids it. `fail`: as one says it to people. */
export async function runDaemon(fail: (error: unknown) => never): Promise<void> {
  const logger = makeLog(process.env.LOG_FORMAT === 'text' ? 'text' : 'json');
  let [log, flush]: [Log, () => void] = [logger, () => {}];
  const end = (error: unknown): never => {
    log.error({ event: 'ended', err: isUserError(error) ? error.message : error }, 'tsoverlay cannot go on, and ends');
    flush();
    // Whoever starts it reads a sentence, whatever becomes of the log.
    return fail(error);
  };
  try {
    const events = new EventFile(adminSocketOf(readSockets(process.env.PLUGIN_SOCKETS ?? '')));
    [log, flush] = [events.heard(logger), () => events.flush()];
    const config = await awaitConfig(process.env, log);
    logger.level = config.logLevel;
    const supervisor = await Supervisor.start(config, log, end);
    onSignals(async (signal) => {
      log.info({ event: 'stopping', signal }, 'stopping; running containers keep their network');
      await supervisor.stop();
      flush();
      process.exit(0);
    });
    process.on('unhandledRejection', (error) => log.error({ event: 'bug', err: error }, 'unhandled rejection'));
  } catch (e) {
    end(e);
  }
}

/** At the first one alone. */
function onSignals(stop: (signal: string) => Promise<void>): void {
  let stopping = false;
  const once = (signal: string) => {
    if (stopping) return;
    stopping = true;
    void stop(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, once);
}
