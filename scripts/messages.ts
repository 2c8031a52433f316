/** Writes docs/messages.md: every code of a status row and every event of the log, from the code. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CATALOGUE } from '../src/health/catalogue.js';
import type { CatalogueEntry } from '../src/health/entry.js';
import { EVENTS } from '../src/health/events.js';

export const MESSAGES_PATH = new URL('../docs/messages.md', import.meta.url);

const HEAD = `# Messages

Made by \`npm run docs:messages\` from \`src/health\`; do not edit.

tsoverlay keeps one status row for each thing that it keeps right. A row has a \`code\`, a subject where there are several
of its kind, a state, the time since when it is in that state, and how often in a row it failed. \`tsoverlay status\` shows
those that are not ok; the log has one line of event \`row\` for each change of state.

| state | means |
|---|---|
| \`ok\` | as it should be |
| \`pending\` | it has not been right yet |
| \`failing\` | the last attempt failed; it is tried again |
| \`degraded\` | it works, but something about it is wrong that no attempt of tsoverlay puts right |

Severity \`high\` (logged as error): containers lose something by it, or may. \`medium\`: logged as warn. \`low\` (logged as debug): for
whoever looks closer.

## Codes
`;

/** A placeholder for each argument, so that the sentence shows where they stand. */
const PLACEHOLDERS = new Proxy({}, { get: (_, name) => (name === 'refused' ? false : `‹${String(name)}›`) });

const section = ([code, entry]: readonly [string, CatalogueEntry<never>]): string => `
### ${code}

${entry.what[0]?.toUpperCase()}${entry.what.slice(1)}; severity ${entry.severity}.

> ${entry.text(PLACEHOLDERS as never)}

Cause: ${entry.cause}

Cure: ${entry.cure}
`;

const rows = Object.entries(EVENTS).map(([event, meaning]) => `| \`${event}\` | ${meaning} |\n`);

export const messages = (): string =>
  [
    HEAD,
    ...Object.entries(CATALOGUE).map(section),
    `
## Events of the log

Each line is JSON and has an \`event\`; names stay what they are, words may become better ones.

| event | means |
|---|---|
`,
    ...rows,
  ].join('');

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(MESSAGES_PATH, messages());
