import { expect, it } from 'vitest';
import { kernelIs } from '../../../../src/kernel/netlink/release.js';

it.each([
  ['5.4.0-216-generic', false],
  ['4.18.0-553.el8_10.x86_64', false],
  ['5.6-rc1', true],
  ['5.10.0-28-amd64', true],
  ['6.1', true],
])('%s is Linux 5.6 or newer: %s', (running, is) => expect(kernelIs([5, 6], running)).toBe(is));
