import { expect, it } from 'vitest';
import { isName } from '../../../src/cli/dns/name.js';

it.each([
  ['db', true],
  ['db.shop.prod.', true],
  ['_sip._tcp.example', true],
  ['172.16.1.1', true],
  ['fd00::1', true],
  ['a'.repeat(63), true],
  ['a'.repeat(64), false],
  ['ü'.repeat(32), false],
  [Array.from({ length: 32 }, () => 'a'.repeat(7)).join('.'), false],
  ['', false],
  ['.', false],
  ['a..b', false],
])('%j can be asked for: %j', (name, can) => expect(isName(name)).toBe(can));
