import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { COMMANDS_PATH, commands } from '../../../scripts/commands.js';

it('docs/commands.md is what the code says; if not: npm run docs:commands', () => {
  expect(readFileSync(COMMANDS_PATH, 'utf8')).toBe(commands());
});
