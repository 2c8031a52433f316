#!/usr/bin/env node
/** Starts tsoverlay: settings, adapters, loops, server, signals. */
import { EventFile } from './admin/serving/event-file.js';
import { Supervisor } from './agent/supervisor.js';
import { awaitConfig } from './await-config.js';
import { errorOf, isUserError, messageOf } from './errors.js';
import { makeLog } from './log.js';
import { shown } from './model/values/printable.js';

async function main(): Promise<void> {
  // Whatever we were started with: nothing that we make is for others.
  process.umask(0o077);
  if (process.argv.length > 2) {
    // What only people's commands need is not loaded by the server.
    const { runCommand } = await import('./cli/program/main.js');
    const exit = await runCommand(process.argv, process.env);
    // What it gave up waiting for is not waited for.
    return void process.stdout.write('', () => process.exit(exit));
  }
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

function fail(error: unknown): never {
  const words = isUserError(error) ? error.message : (errorOf(error).stack ?? messageOf(error));
  process.stderr.write(`tsoverlay: ${words.split('\n').map(shown).join('\n')}\n`);
  process.exit(1);
}

main().catch(fail);
