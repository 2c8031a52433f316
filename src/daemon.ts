/** The process that serves the engine: settings, log, agents, signals. */
import { EventFile } from './admin/serving/event-file.js';
import { Supervisor } from './agent/supervisor.js';
import { awaitConfig } from './await-config.js';
import { makeLog } from './log.js';

/** Resolves once it serves. Rejects with a UserError when a setting or the host forbids it; `fail`: what ends it later. */
export async function runDaemon(fail: (error: unknown) => never): Promise<void> {
  const logger = makeLog(process.env.LOG_FORMAT === 'text' ? 'text' : 'json');
  const config = await awaitConfig(process.env, logger);
  logger.level = config.logLevel;
  const events = new EventFile(config.adminSocket);
  const log = events.heard(logger);
  const supervisor = await Supervisor.start(config, log, fail);
  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ event: 'stopping', signal }, 'stopping; running containers keep their network');
    await supervisor.stop();
    events.flush();
    process.exit(0);
  };
  process.on('SIGTERM', (signal) => void stop(signal));
  process.on('SIGINT', (signal) => void stop(signal));
  process.on('unhandledRejection', (error) => log.error({ event: 'bug', err: error }, 'unhandled rejection'));
}
