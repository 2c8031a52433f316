/** Writes docs/doctor.md: what `tsoverlay doctor` looks at, from the checks. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CHECKS } from '../src/doctor/checks/all.js';

export const DOCTOR_PATH = new URL('../docs/doctor.md', import.meta.url);

const HEAD = `# What doctor looks at

Made by \`npm run docs:doctor\` from \`src/doctor/checks\`; do not edit.

\`tsoverlay doctor\` looks at the host that it runs on, and at the way to each other host that lives. A healthy host has no
finding. Each finding has the code of its check, one sentence, and what to do. The exit status is 0 when nothing is wrong, 1
with findings, 2 when something could not be looked at and nothing else is wrong. It works without the one that serves,
without Consul and without the engine: that is a finding then, and what depends on it is named as not looked at.

\`tsoverlay doctor --cluster\` asks each other host that lives, through the overlay, what it finds on itself.
`;

const section = ({ code, about, harm, cure }: (typeof CHECKS)[number]): string => `
## ${code}

Looks at: ${about}.

What it does to containers: ${harm}.

Cure: ${cure}.
`;

export const doctorChecks = (): string => [HEAD, ...CHECKS.map(section)].join('');

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(DOCTOR_PATH, doctorChecks());
