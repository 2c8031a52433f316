/** Writes docs/commands.md: every command with its options, an example and the shape of its JSON, from the code. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Command } from '../src/cli/frame/command.js';
import { COMMANDS } from '../src/cli/program/all.js';

export const COMMANDS_PATH = new URL('../docs/commands.md', import.meta.url);

const HEAD = `# Commands

Made by \`npm run docs:commands\` from \`src/cli\`; do not edit.

All run as root on a host of the cluster: \`tsoverlay …\`, which is \`node dist/main.js …\`, and \`sh scripts/tsoverlay.sh …\`
where tsoverlay is a managed plugin. They ask the tsoverlay that serves on the host at \`/run/docker/tsoverlay/admin.sock\`, and read
the store, the kernel and DATA_DIR by themselves; what of these is away they say, and show what is left. Settings that are not in the
environment are those of the tsoverlay that serves, or served last since the host has booted.

- **Exit status**: 0 as it should be, 1 something is wrong, 2 it could not be found out or not be done.
- **Time**: an answer within 5 s (doctor and ping, which probe: 10 s), unless waiting is what was asked for.
- **\`--json\`** prints one JSON value in place of lines, in every case, with \`version\` 1; a field more does not raise it. What a
  command failed of is \`{"version": 1, "error": "…"}\`.
- **What changes something** asks first, and wants \`--yes\` where there is no terminal.
- **Completion**: \`tsoverlay completion bash >/etc/bash_completion.d/tsoverlay\`, or \`tsoverlay completion zsh
  >/usr/share/zsh/vendor-completions/_tsoverlay\`.

Which one to type when: [troubleshooting.md](troubleshooting.md).
`;

/** As much of JSON Schema as our shapes come to. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | false;
}

const variantsOf = ({ anyOf, oneOf }: Schema): readonly Schema[] | undefined => anyOf ?? oneOf;

function typeOf(schema: Schema): string {
  const { type, enum: values, const: value, items, additionalProperties, properties } = schema;
  const variants = variantsOf(schema);
  if (value !== undefined) return JSON.stringify(value);
  if (values !== undefined) return values.map((v) => `\`${v}\``).join(', ');
  if (variants !== undefined) return [...new Set(variants.map(typeOf))].join(' or ');
  if (type === 'array') return `list of ${items === undefined ? 'anything' : typeOf(items)}`;
  if (properties === undefined && additionalProperties) return `object of ${typeOf(additionalProperties)} by name`;
  return typeof type === 'string' ? type : (type?.join(' or ') ?? 'anything');
}

/** Those below it, wherever they are. */
const below = (schema: Schema): Schema | undefined =>
  schema.properties
    ? schema
    : together([...(variantsOf(schema) ?? []), ...(schema.items ? [schema.items] : [])].flatMap((s) => below(s) ?? []));

/** Of several shapes all fields; those are always there that each has. */
function together(shapes: readonly Schema[]): Schema | undefined {
  if (shapes.length <= 1) return shapes[0];
  const names = [...new Set(shapes.flatMap(({ properties = {} }) => Object.keys(properties)))];
  const fieldOf = (name: string): Schema => {
    const found = shapes.flatMap(({ properties }) => properties?.[name] ?? []);
    const values = found.flatMap((field) => (field.const === undefined ? [] : [field.const]));
    return values.length > 1 ? { enum: values } : (found[0] ?? {});
  };
  return {
    properties: Object.fromEntries(names.map((name) => [name, fieldOf(name)])),
    required: names.filter((name) => shapes.every(({ required }) => required?.includes(name) === true)),
  };
}

function fields(schema: Schema, depth = 0): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const isAlways = schema.required?.includes(name) === true;
    const about = field.description === undefined ? '' : `: ${field.description}`;
    const more = below(field);
    const line = `${'  '.repeat(depth)}- \`${name}\` ${typeOf(field)}${isAlways ? '' : ', may be absent'}${about}`;
    return more === undefined ? [line] : [line, ...fields(more, depth + 1)];
  });
}

function section({ usage, about, example, options = [], json }: Command): string {
  const shape = z.toJSONSchema(json, { io: 'output' }) as Schema;
  const flags = options.map((option) => `| \`${option.flags}\` | ${option.about} |\n`);
  const table = flags.length === 0 ? '' : `\n| option | |\n|---|---|\n${flags.join('')}`;
  return `
## ${usage}

${about[0]?.toUpperCase()}${about.slice(1)}.

\`\`\`sh
${example}
\`\`\`
${table}
JSON:

${fields(shape).join('\n')}
`;
}

export const commands = (): string => [HEAD, ...COMMANDS.map(section)].join('');

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(COMMANDS_PATH, commands());
