import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MESSAGES_PATH, messages } from '../../../scripts/messages.js';
import { CATALOGUE } from '../../../src/health/catalogue.js';
import { EVENTS } from '../../../src/health/events.js';

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('health/'))
  .map((path) => `src/${path}`)
  .map((path) => [path, readFileSync(path, 'utf8')] as const);

it('docs/messages.md is what the code says; if not: npm run docs:messages', () => {
  expect(readFileSync(MESSAGES_PATH, 'utf8')).toBe(messages());
});

describe.each(Object.entries(CATALOGUE))('%s', (code, { what, cause, cure }) => {
  it('says what it is about, what brings it about and what to do', () => {
    expect(what).toMatch(/^\S.{5,}[^.]$/);
    for (const sentence of [cause, cure]) expect(sentence).toMatch(/^[A-Z`].{15,}\.$/);
  });

  it('is spoken of somewhere', () => {
    expect(sources.filter(([, text]) => text.includes(`'${code}'`)).map(([path]) => path)).not.toEqual([]);
  });
});

describe('the log', () => {
  it.each(Object.keys(EVENTS).filter((event) => event !== 'row'))('has lines of event %s', (event) => {
    expect(sources.filter(([, text]) => text.includes(`event: '${event}'`)).map(([path]) => path)).not.toEqual([]);
  });

  it('is written to by way of the typed events alone', () => {
    const others = sources.filter(([, text]) => /from 'pino'/.test(text)).map(([path]) => path);
    expect(others).toEqual(['src/log.ts']);
  });
});
