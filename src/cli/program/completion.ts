/** `tsoverlay completion bash|zsh`: what a shell offers after the words that are typed already. */
import * as z from 'zod';
import { UserError } from '../../errors.js';
import { type Command, command } from '../frame/command.js';

type Offers = ReadonlyMap<string, readonly string[]>;

export const completionOf = (commands: () => readonly Command[]): Command =>
  command({
    usage: 'completion <shell>',
    about: 'completion for bash or zsh: a script for the shell to read',
    example: 'tsoverlay completion bash',
    json: z.object({ shell: z.enum(SHELLS), script: z.string() }),
    async run(_, { args: [typed = ''] }) {
      const shell = SHELLS.find((name) => name === typed);
      if (shell === undefined) throw new UserError(`there is no completion for "${typed}"; it must be bash or zsh`);
      const lines = { bash: bashLines, zsh: zshLines }[shell](offersOf(commands()));
      return { lines, json: { shell, script: lines.join('\n') }, exit: 0 };
    },
  });

const SHELLS = ['bash', 'zsh'] as const;

const isWord = (part: string): boolean => !/^[<[]/.test(part);

/** After the words of a whole command come its options, and after the beginning of one what it goes on with. */
function offersOf(commands: readonly Command[]): Offers {
  const offers = new Map<string, string[]>();
  for (const { usage, options = [] } of commands) {
    const words = usage.split(' ').filter(isWord);
    for (const [i, word] of words.entries()) {
      const before = words.slice(0, i).join(' ');
      offers.set(before, [...new Set([...(offers.get(before) ?? []), word])]);
    }
    const own = options.map(({ flags }) => flags.split(' ')[0] ?? '');
    offers.set(words.join(' '), [...own, '--json', '--help']);
  }
  return offers;
}

/** Deepest first: what is typed begins with the words of a command, and may go on. */
const casesOf = (offers: Offers, take: (words: string) => string): readonly string[] =>
  [...offers]
    .sort(([a], [b]) => b.split(' ').length - a.split(' ').length || (a === '' ? 1 : b === '' ? -1 : 0))
    .map(([before, words]) => {
      const pattern = before === '' ? "''" : `'${before}'|'${before} '*`;
      return `    ${pattern}) ${take(words.join(' '))} ;;`;
    });

const bashLines = (offers: Offers): readonly string[] => [
  '_tsoverlay() {',
  `  local typed="\${COMP_WORDS[*]:1:COMP_CWORD-1}" offers=""`,
  '  case "$typed" in',
  ...casesOf(offers, (words) => `offers='${words}'`),
  '  esac',
  `  COMPREPLY=($(compgen -W "$offers" -- "\${COMP_WORDS[COMP_CWORD]}"))`,
  '}',
  'complete -o default -F _tsoverlay tsoverlay',
];

const zshLines = (offers: Offers): readonly string[] => [
  '#compdef tsoverlay',
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
