/** Reads the few Dockerfile instructions that ours is made of, so that its steps can be run without an engine. */

/** One instruction with its continuation lines joined, e.g. `RUN` and `npm ci`. */
export interface Instruction {
  readonly verb: string;
  readonly rest: string;
}

const VERBS = ['ARG', 'COPY', 'ENTRYPOINT', 'FROM', 'RUN', 'WORKDIR'];

/** Throws at an instruction that would mean one thing to an engine and nothing here. */
export function parseDockerfile(text: string): readonly Instruction[] {
  const lines = text.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  return lines
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => {
      const [, verb = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      if (!VERBS.includes(verb)) throw new Error(`the Dockerfile has "${line}", which scripts/plugin.ts cannot run`);
      return { verb, rest };
    });
}

/** What the first stage does, and what the last one takes of it. */
export interface Recipe {
  /** Default values of the ARGs, empty where there is none. */
  readonly args: ReadonlyMap<string, string>;
  /** Absolute path inside of an image. */
  readonly workdir: string;
  /** COPY and RUN, in order. */
  readonly steps: readonly Instruction[];
  /** The folder that becomes the image's root, relative to `workdir`. */
  readonly result: string;
  readonly entrypoint: readonly string[];
}

/** Understands our two stages: one that builds below its WORKDIR, and one from scratch that copies a folder of it. */
export function readRecipe(text: string): Recipe {
  const all = parseDockerfile(text);
  const stages = all.flatMap((i, n) => (i.verb === 'FROM' ? [n] : []));
  const [, last = 0] = stages;
  if (stages.length !== 2 || all[last]?.rest !== 'scratch')
    throw new Error('the Dockerfile has other than two stages, the last one from scratch');
  const build = all.slice(0, last);
  const find = (list: readonly Instruction[], verb: string) => list.find((i) => i.verb === verb)?.rest ?? '';
  const workdir = find(build, 'WORKDIR');
  const copied = /^--from=build (\S+)\/ \/$/.exec(find(all.slice(last), 'COPY'))?.[1];
  if (copied === undefined || !copied.startsWith(`${workdir}/`))
    throw new Error('the last stage of the Dockerfile must copy one folder of the first one to /');
  return {
    args: new Map(
      build.flatMap(({ verb, rest }) => {
        const [name = '', ...value] = rest.split('=');
        return verb === 'ARG' ? [[name, value.join('=')] as const] : [];
      }),
    ),
    workdir,
    steps: build.filter(({ verb }) => verb === 'COPY' || verb === 'RUN'),
    result: copied.slice(workdir.length + 1),
    entrypoint: JSON.parse(find(all.slice(last), 'ENTRYPOINT')) as readonly string[],
  };
}
