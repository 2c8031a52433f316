import { isOurDriver } from '../../../model/values/names.js';
import { check } from '../../check.js';
import type { Proc } from '../../looks/proc.js';
import type { Surroundings } from '../../surroundings.js';

/** Of a process that serves, and is no managed plugin's: the runtime, its options, the program, and no command. */
const SERVES = /(^|\/)node\0(?:-[^\0]*\0)*[^\0]*\/dist\/main\.js\0$/;
/** Programs of others are called so, too. */
const SETTINGS = /(^|\0)CLUSTER_(STORE|ADVERTISE)=/;

const ROOTS = /^Uid:\t0\t/m;

export interface TwiceFacts {
  /** Enabled managed plugins of ours, by name. */
  readonly plugins: readonly string[];
  /** Processes that serve outside of a managed plugin. */
  readonly processes: readonly number[];
}

export const twice = check({
  code: 'engine.twice',
  about: 'whether several tsoverlays are set up on this host',
  harm: 'which of them serves is chance, the others are refused for good; networks of one name are those of another driver to the engine',
  cure: 'keep one: docker plugin disable NAME for the others, or systemctl disable --now tsoverlay',
  look: async ({ engine, proc }: Pick<Surroundings, 'engine' | 'proc'>): Promise<TwiceFacts> => ({
    plugins: (await engine()).plugins.filter((p) => p.isEnabled && isOurDriver(p.name)).map((p) => p.name),
    processes: serving(proc),
  }),
  judge: ({ plugins, processes }) => {
    const all = [...plugins.map((name) => `plugin ${name}`), ...processes.map((pid) => `process ${pid}`)];
    return all.length < 2 ? [] : [{ what: `${all.length} are set up: ${all.join(', ')}` }];
  },
});

/**
 * Of the host itself, and root's: what a process calls itself and what it was started with, any container and any user
 * can choose, but no container has the host's root folder for its own.
 */
function serving(proc: Proc): readonly number[] {
  const pids = (proc.names('') ?? []).filter((name) => /^\d+$/.test(name));
  const host = proc.identity('1/root');
  const has = (pid: string, file: string, words: RegExp): boolean => words.test(proc.text(`${pid}/${file}`) ?? '');
  const isHosts = (pid: string) => host !== undefined && proc.identity(`${pid}/root`) === host;
  return pids
    .filter((pid) => has(pid, 'cmdline', SERVES) && has(pid, 'environ', SETTINGS))
    .filter((pid) => has(pid, 'status', ROOTS) && isHosts(pid))
    .map(Number);
}
