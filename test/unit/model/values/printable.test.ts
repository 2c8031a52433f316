import { expect, it } from 'vitest';
import { wordsFor } from '../../../../src/api/words.js';
import { UserError } from '../../../../src/errors.js';
import { shown } from '../../../../src/model/values/printable.js';

it.each([
  ['plain text, ünïcödé, 漢字 and 🐳', undefined],
  ['\u001b[31mred', '\\u001b[31mred'],
  ['a\nb\r\tc', 'a\\u000ab\\u000d\\u0009c'],
  ['\u009b2J', '\\u009b2J'],
  ['exe.\u202egnp', 'exe.\\u202egnp'],
  ['\u2066x\u2069\u200b\ufeff\u00ad', '\\u2066x\\u2069\\u200b\\ufeff\\u00ad'],
  ['\u2028\u2029', '\\u2028\\u2029'],
  ['\ud800x', '\\ud800x'],
  ['\u{e0041}', '\\udb40\\udc41'],
  ['\u0000\u007f', '\\u0000\\u007f'],
])('shows %j', (text, as = text) => {
  expect(shown(text)).toBe(as);
  expect(shown(shown(text))).toBe(as);
});

it('leaves JSON what it was', () => {
  const value = { name: '\u202e\u009b\u{e0041}🐳\n' };
  const line = shown(JSON.stringify(value));
  expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(JSON.parse(line)).toEqual(value);
});

it('words for the docker prompt are one line of bounded length, whatever they quote', () => {
  const words = wordsFor(new UserError(`held by container \u001b[2J\u202e\n${'x'.repeat(100_000)}`));
  expect(words.startsWith('tsoverlay: held by container \\u001b[2J\\u202e\\u000axxx')).toBe(true);
  expect(words.length).toBeLessThan(2_100);
  expect(words).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});
