/** `npm run lab -- …`: a lab that stays up between commands, to look around in. */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { execa } from 'execa';
import { ENGINE_VERSIONS, type EngineVersion } from './cache.js';
import { type DockerHost, Lab } from './lab.js';
import { LAB_NAME } from './paths.js';
import { removeLab } from './sweep.js';

interface UpOptions {
  readonly engine: EngineVersion;
  readonly hosts: number;
  readonly mtu: number;
  readonly plugin: boolean;
  readonly native: boolean;
}

async function up({ engine, hosts, mtu, plugin, native }: UpOptions): Promise<void> {
  const options = { name: LAB_NAME, keep: true, engine, hosts, mtu, plugin: plugin && !native, nativeOverlay: native };
  await Lab.boot(options, console.log);
  await status();
}

async function status(): Promise<void> {
  const lab = await Lab.attach(LAB_NAME);
  const { engine, mtu, nativeOverlay } = lab.options;
  console.log(`Docker ${engine}${nativeOverlay ? ' with its own overlay driver' : ''}, MTU ${mtu}`);
  for (const h of lab.hosts) console.log(`${h.name}  ${h.address}  ${h.host.isOn() ? await services(h) : 'off'}`);
}

async function services({ engine, plugin, host }: DockerHost): Promise<string> {
  const runs = (name: string, yes: boolean): string => `${name} ${yes ? 'runs' : 'stopped'}`;
  const containers = engine.isRunning() ? await engine.docker('ps', '--format', '{{.Names}}') : '';
  return [
    runs('dockerd', engine.isRunning()),
    runs('tsoverlay', plugin.isRunning()),
    ...(host.process('consul') ? ['consul runs'] : []),
    `containers: ${containers.split('\n').join(' ') || 'none'}`,
  ].join(', ');
}

/** Gives the terminal to a command on the host; its exit status becomes ours. */
async function inside(name: string, argv: readonly string[]): Promise<void> {
  const { host } = (await Lab.attach(LAB_NAME)).host(name);
  const [file = '', ...args] = host.entered(argv);
  const { exitCode } = await execa(file, args, { stdio: 'inherit', reject: false });
  process.exitCode = exitCode ?? 1;
}

type PluginAction = 'start' | 'stop' | 'kill' | 'restart' | 'logs';
const PLUGIN_ACTIONS: readonly PluginAction[] = ['start', 'stop', 'kill', 'restart', 'logs'];

async function plugin(name: string, action: string): Promise<void> {
  const { plugin } = (await Lab.attach(LAB_NAME)).host(name);
  const wanted = PLUGIN_ACTIONS.find((a) => a === action);
  if (!wanted) throw new Error(`${action} is none of ${PLUGIN_ACTIONS.join(', ')}`);
  if (wanted === 'logs') process.stdout.write(readFileSync(plugin.log()));
  else await plugin[wanted]();
}

const program = new Command('lab').enablePositionalOptions().description('real Docker hosts on this machine');

program
  .command('up')
  .description('boot a lab; one that is up is taken down first')
  .addOption(new Option('--engine <version>', 'version of Docker').choices(ENGINE_VERSIONS).default('28.5.2'))
  .option('--hosts <n>', 'number of hosts', Number, 2)
  .option('--mtu <bytes>', 'MTU of the LAN', Number, 1500)
  .option('--no-plugin', 'do not start tsoverlay')
  .option('--native', "20.10.5 with Docker's own overlay driver, without tsoverlay", false)
  .action(up);
program.command('status').description('what runs where').action(status);
program
  .command('docker <host> [args...]')
  .description('docker … on a host')
  .passThroughOptions()
  .action((host: string, args: string[]) => inside(host, ['docker', ...args]));
program
  .command('sh <host> [args...]')
  .description('a shell on a host; sh <host> -c "…" for one line')
  .passThroughOptions()
  .action((host: string, args: string[]) => inside(host, ['env', `PS1=${host}# `, 'sh', ...args]));
program
  .command(`plugin <host> <${PLUGIN_ACTIONS.join('|')}>`)
  .description('tsoverlay on a host')
  .action(plugin);
program
  .command('cable <host> <cut|join>')
  .description("pull a host's cable, or plug it in again")
  .action(async (host: string, action: string) => {
    const lab = await Lab.attach(LAB_NAME);
    await (action === 'cut' ? lab.lan.cut(lab.host(host).name) : lab.lan.join(lab.host(host).name));
  });
program
  .command('power <host> <off|on>')
  .description('power loss, or power on again')
  .action(async (host: string, action: string) => {
    const lab = await Lab.attach(LAB_NAME);
    await (action === 'off' ? lab.powerLoss(lab.host(host)) : lab.powerOn(lab.host(host)));
  });
program
  .command('down')
  .description('remove every trace of the lab')
  .action(() => removeLab(LAB_NAME));

try {
  await program.parseAsync();
} catch (e) {
  console.error(e instanceof Error ? e.message : e);
  process.exitCode = 1;
}
