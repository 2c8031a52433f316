/** `tsoverlay completion bash|zsh`: what a shell offers after the words that are typed already; `containers`: what it asks for then. */

import * as z from 'zod';
import { UserError } from '../../errors.js';
import { DOCKER_SOCKET } from '../../model/values/names.js';
import { type Command, command } from '../frame/command.js';
import { containerNames } from '../reading/container-names.js';

/** After the words of a command. */
interface Offer {
  readonly words: readonly string[];
  readonly takesContainers: boolean;
}

type Offers = ReadonlyMap<string, Offer>;

export const completionOf = (commands: () => readonly Command[]): Command =>
  command({
    usage: 'completion <what>',
    about:
      'completion for bash or zsh: a script for the shell to read; containers: names of those that run here, for which it asks',
    example: 'tsoverlay completion bash',
    json: z.object({
      shell: z.enum(SHELLS).optional(),
      script: z.string().optional(),
      containers: z.array(z.string()).readonly().optional(),
    }),
    async run(_, { args: [typed = ''] }) {
      if (typed === CONTAINERS) {
        const containers = await containerNames(DOCKER_SOCKET);
        return { lines: containers, json: { containers }, exit: 0 };
      }
      const shell = SHELLS.find((name) => name === typed);
      if (shell === undefined)
        throw new UserError(
          `there is no completion for "${typed}"; it must be bash or zsh, or containers for their names`,
        );
      const lines = { bash: bashLines, zsh: zshLines }[shell](offersOf(commands()));
      return { lines, json: { shell, script: lines.join('\n') }, exit: 0 };
    },
  });

const SHELLS = ['bash', 'zsh'] as const;
const CONTAINERS = 'containers';

const isWord = (part: string): boolean => !/^[<[]/.test(part);

/** After the words of a whole command come its options, and after the beginning of one what it goes on with. */
function offersOf(commands: readonly Command[]): Offers {
  const offers = new Map<string, Offer>();
  for (const { usage, options = [], takesContainers = false } of commands) {
    const words = usage.split(' ').filter(isWord);
    for (const [i, word] of words.entries()) {
      const before = words.slice(0, i).join(' ');
      const others = offers.get(before)?.words ?? [];
      offers.set(before, { words: [...new Set([...others, word])], takesContainers: false });
    }
    const own = options.map(({ flags }) => flags.split(' ')[0] ?? '');
    offers.set(words.join(' '), { words: [...own, '--json', '--help'], takesContainers });
  }
  return offers;
}

/** Deepest first: what is typed begins with the words of a command, and may go on. */
const casesOf = (offers: Offers, take: (words: string) => string): readonly string[] =>
  [...offers]
    .sort(([a], [b]) => b.split(' ').length - a.split(' ').length || (a === '' ? 1 : b === '' ? -1 : 0))
    .map(([before, { words, takesContainers }]) => {
      const pattern = before === '' ? "''" : `'${before}'|'${before} '*`;
      return `    ${pattern}) ${take([...words, ...(takesContainers ? ['$(_tsoverlay_containers)'] : [])].join(' '))} ;;`;
    });

/** Asks the program that is typed. `typed`: it, in the shell's words. */
const asking = (typed: string): string =>
  `_tsoverlay_containers() { "${typed}" completion ${CONTAINERS} 2>/dev/null; }`;

const bashLines = (offers: Offers): readonly string[] => [
  asking(`\${COMP_WORDS[0]}`),
  '_tsoverlay() {',
  `  local typed="\${COMP_WORDS[*]:1:COMP_CWORD-1}" offers=""`,
  '  case "$typed" in',
  ...casesOf(offers, (words) => `offers="${words}"`),
  '  esac',
  `  COMPREPLY=($(compgen -W "$offers" -- "\${COMP_WORDS[COMP_CWORD]}"))`,
  '}',
  'complete -o default -F _tsoverlay tsoverlay',
];

const zshLines = (offers: Offers): readonly string[] => [
  '#compdef tsoverlay',
  asking('$words[1]'),
  '_tsoverlay() {',
  '  local -a offers',
  `  case "\${(j: :)words[2,CURRENT-1]}" in`,
  ...casesOf(offers, (words) => `offers=(${words})`),
  '  esac',
  '  compadd -- $offers',
  '}',
  // As a file of fpath, all of this is the function's body at its first call; read by source, it only makes it known.
  'if [[ $funcstack[1] = _tsoverlay ]]; then _tsoverlay "$@"; else compdef _tsoverlay tsoverlay; fi',
];
