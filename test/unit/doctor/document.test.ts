import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DOCTOR_PATH, doctorChecks } from '../../../scripts/doctor-checks.js';
import { check } from '../../../src/doctor/check.js';
import { CHECKS } from '../../../src/doctor/checks/all.js';
import { examine } from '../../../src/doctor/examination.js';

it('docs/doctor.md is what the checks say; if not: npm run docs:doctor', () => {
  expect(readFileSync(DOCTOR_PATH, 'utf8')).toBe(doctorChecks());
});

it.each(CHECKS.map((one) => [one.code, one] as const))(
  '%s says what, why and what to do, and has its own code',
  (code, one) => {
    for (const words of [one.about, one.harm, one.cure]) expect(words).toMatch(/^\S.{5,}[^.]$/);
    expect(CHECKS.filter((other) => other.code === code)).toHaveLength(1);
  },
);

/** Whatever a check is to find, a test has to break on a host of the lab. */
it('each check is one that a test of the lab has found something with', () => {
  const folder = new URL('../../lab/operate/', import.meta.url);
  const tests = readdirSync(folder).filter((name) => /^doctor.*\.test\.ts$/.test(name));
  const texts = tests.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
  const isFound = (code: string) => new RegExp(`['"\`/^]${code.replace('.', '\\\\?\\.')}\\b`).test(texts);
  expect(CHECKS.map(({ code }) => code).filter((code) => !isFound(code))).toEqual([]);
});

const of = (code: string, look: () => Promise<string>) =>
  check<unknown, string>({
    code,
    about: 'a',
    harm: 'b',
    cure: 'do this',
    look,
    judge: (what) => (what === '' ? [] : [{ what }]),
  });

it('a check that cannot look, or takes too long, keeps none of the others from it', async () => {
  const checks = [
    of('fine', async () => ''),
    of('found', async () => 'it is broken'),
    of('fails', () => Promise.reject(new Error('no engine'))),
    of('hangs', () => new Promise(() => {})),
  ];
  expect(await examine(checks, {}, 50)).toEqual({
    fine: ['fine'],
    findings: [{ code: 'found', what: 'it is broken', cure: 'do this' }],
    unknown: new Map([
      ['fails', 'no engine'],
      ['hangs', 'it was not done within 0.05 s'],
    ]),
  });
});
