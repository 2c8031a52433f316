#!/usr/bin/env node
/** One program for the engine and for people: neither loads what the other one needs. */
import { setFlagsFromString } from 'node:v8';
import { errorOf, hasCode, isUserError, messageOf, UserError } from './errors.js';
import { shown } from './model/values/printable.js';

async function main(): Promise<void> {
  // Whatever we were started with: nothing that we make is for others.
  process.umask(0o077);
  if (process.argv.length <= 2) return (await import('./daemon.js')).runDaemon(fail);
  // A command is short: memory before speed, as in the managed plugin.
  for (const flag of ['--optimize-for-size', '--no-opt']) setFlagsFromString(flag);
  for (const pipe of [process.stdout, process.stderr]) pipe.on('error', untold);
  const { runCommand } = await import('./cli/program/main.js');
  const exit = await runCommand(process.argv, process.env);
  // What it gave up waiting for is not waited for.
  process.stdout.write('', (error) => (error ? untold(error) : process.exit(exit)));
}

/** As of a program that SIGPIPE ends, which Node ignores: whoever reads has seen enough. */
const NO_READER = 128 + 13;

function untold(error: Error): never {
  if (hasCode(error, 'EPIPE', 'ERR_STREAM_DESTROYED')) process.exit(NO_READER);
  return fail(new UserError(`what it has to say cannot be written: ${error.message}`));
}

function fail(error: unknown): never {
  const words = isUserError(error) ? error.message : (errorOf(error).stack ?? messageOf(error));
  process.stderr.write(`tsoverlay: ${words.split('\n').map(shown).join('\n')}\n`);
  process.exit(1);
}

main().catch(fail);
