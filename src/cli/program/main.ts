/** The operator's commands. Without one, tsoverlay serves the engine. */
import { Command as Commander, CommanderError } from 'commander';
import { RELEASE } from '../../model/cluster/release.js';
import type { Command, Exit, Given } from '../frame/command.js';
import { within } from '../frame/deadline.js';
import { Desk } from '../frame/desk.js';
import { Output } from '../frame/output.js';
import { COMMANDS, GROUPS } from './all.js';

/** Who asks at three in the morning wants to know that there is no answer, s. */
const LONGEST_S = 5;

const pipes = {
  out: (text: string) => void process.stdout.write(text),
  err: (text: string) => void process.stderr.write(text),
};

/** Runs the command in `argv` (as process.argv) and resolves with the status to exit with. */
export async function runCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<Exit> {
  let exit: Exit = 0;
  const program = makeProgram(async (command, given) => {
    exit = await run(command, given, env);
  });
  try {
    await program.parseAsync(argv);
    return exit;
  } catch (e) {
    if (!(e instanceof CommanderError)) throw e;
    if (e.exitCode === 0) return 0;
    // People have been told what is wrong already.
    if (argv.includes('--json')) new Output(true, { ...pipes, err: () => {} }).failure(e);
    return 2;
  }
}

/** All commands as commander has them; `act` is told which was typed. */
export function makeProgram(act: (command: Command, given: Given) => Promise<void>): Commander {
  const program = new Commander('tsoverlay')
    .description(
      'multi-host overlay networks for plain Docker; without a command: serve the engine, set up by the environment',
    )
    .version(RELEASE, '--version', 'say which release this is')
    .exitOverride();
  const groups = new Map<string, Commander>();
  for (const command of COMMANDS) {
    const [first = '', ...rest] = command.usage.split(' ');
    const about = GROUPS[first];
    const isGrouped = about !== undefined;
    if (isGrouped && !groups.has(first)) groups.set(first, program.command(first).description(about));
    const made = (groups.get(first) ?? program).command(isGrouped ? rest.join(' ') : command.usage);
    made.description(command.about).option('--json', 'print one JSON value, for programs (docs/commands.md)');
    for (const { flags, about } of command.options ?? []) made.option(flags, about);
    made.addHelpText(
      'after',
      `\nExample:\n  ${command.example}\n\nExit status: 0 as it should be, 1 something is wrong, 2 not found out.`,
    );
    made.action(() => act(command, { args: made.args, options: made.opts() }));
  }
  return program;
}

async function run(command: Command, given: Given, env: NodeJS.ProcessEnv): Promise<Exit> {
  const output = new Output(given.options.json === true, pipes);
  const desk = new Desk(env, (lines, json) => output.tell(lines, json));
  try {
    return output.report(await within(command.seconds?.(given) ?? LONGEST_S, command.run(desk, given)));
  } catch (e) {
    return output.failure(e);
  }
}
