#!/usr/bin/env node
/** Starts tsoverlay: settings, adapters, loops, server, signals. */
import { hostname } from 'node:os';
import { pino } from 'pino';
import { Supervisor } from './agent/supervisor.js';
import { awaitConfig } from './await-config.js';
import { readConfig } from './config/config.js';
import { errorOf, isUserError, messageOf } from './errors.js';
import { shown } from './model/values/printable.js';

async function main(): Promise<void> {
  // Whatever we were started with: nothing that we make is for others.
  process.umask(0o077);
  if (process.argv.length > 2) {
    // What only people's commands need is not loaded by the server.
    const { runCommand } = await import('./cli/main.js');
    return runCommand(process.argv, () => readConfig(process.env));
  }
  const log = pino({
    level: 'info',
    base: { host: hostname() },
    // The engine prints all of a plugin's output at one level: ours stands in the line.
    formatters: { level: (level) => ({ level }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    // JSON escapes control characters, but neither U+009B, which terminals obey too, nor what turns a line round.
    hooks: { streamWrite: (line) => `${shown(line.trimEnd())}\n` },
  });
  const config = await awaitConfig(process.env, log);
  log.level = config.logLevel;
  const supervisor = await Supervisor.start(config, log, fail);
  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ event: 'stopping', signal }, 'stopping; running containers keep their network');
    await supervisor.stop();
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
