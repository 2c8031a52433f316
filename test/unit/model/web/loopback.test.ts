import { describe, expect, it } from 'vitest';
import { foreignness, isLoopbackName } from '../../../../src/model/web/loopback.js';

describe('a name of loopback', () => {
  it.each([
    'localhost',
    'localhost:9464',
    'LocalHost:1',
    '127.0.0.1',
    '127.0.0.1:80',
    '127.255.1.2:9',
    '[::1]',
    '[::1]:8080',
  ])('%s is one', (host) => expect(isLoopbackName(host)).toBe(true));
  it.each([
    ...[
      '',
      'localhost.',
      'localhost.evil',
      'evil.example',
      '127.0.0.1.evil.example',
      '127.0.0.1:80:80',
      '127.1',
      '0.0.0.0',
    ],
    ...['[::]', '[::ffff:127.0.0.1]', '::1', 'localhost:', 'localhost@evil', '128.0.0.1', ' localhost'],
  ])('"%s" is none', (host) => expect(isLoopbackName(host)).toBe(false));
});

describe('a request', () => {
  const host = 'localhost:8080';
  it.each([
    ['of a program', { host }],
    ['of a person who has typed the address', { host, 'sec-fetch-site': 'none' }],
    ['of the page itself', { host, origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin' }],
  ])('%s is answered', (_, headers) => expect(foreignness(headers)).toBeUndefined());

  it.each([
    ['by a name that leads here', { host: 'evil.example:8080' }, 'not as "evil.example:8080"'],
    ['without a name', {}, 'not as ""'],
    ['of another site', { host, origin: 'https://evil.example' }, 'may not ask here'],
    ['of another port', { host, origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' }, 'may not ask here'],
    ['of a frame without an origin', { host, origin: 'null' }, 'may not ask here'],
    ['of a picture on another site', { host, 'sec-fetch-site': 'cross-site' }, 'may not ask here'],
    ['with two of them', { host, 'sec-fetch-site': ['none', 'cross-site'] }, 'may not ask here'],
  ])('%s is refused', (_, headers, words) => expect(foreignness(headers)).toContain(words));
});
