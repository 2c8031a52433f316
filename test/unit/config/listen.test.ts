import { describe, expect, it } from 'vitest';
import { readListen } from '../../../src/config/listen.js';
import { UserError } from '../../../src/errors.js';

describe('an address to serve at', () => {
  it.each([
    ['', undefined],
    ['off', undefined],
    ['9464', { host: '127.0.0.1', port: 9464 }],
    ['localhost:9464', { host: '127.0.0.1', port: 9464 }],
    ['10.0.0.60:9464', { host: '10.0.0.60', port: 9464 }],
    ['0.0.0.0:1', { host: '0.0.0.0', port: 1 }],
    ['[::]:65535', { host: '::', port: 65535 }],
    ['[FD00::1]:9464', { host: 'fd00::1', port: 9464 }],
  ])('"%s"', (text, listen) => {
    expect(readListen('METRICS_ADDR', text)).toEqual(listen);
  });

  it.each([
    ...[
      '0',
      '65536',
      '-1',
      '9464x',
      ' 9464',
      ':9464',
      '10.0.0.60',
      '10.0.0.60:',
      '10.0.0:9464',
      '10.0.0.300:1',
      'eth0:9464',
    ],
    ...[
      'fd00::1:9464',
      '[fd00::1]',
      '[10.0.0.60:1',
      'on',
      '10.0.0.60:9464/metrics',
      'http://10.0.0.60:9464',
      '1:2:3',
      '\n9464',
    ],
  ])('"%s" is refused in one sentence', (text) => {
    const refusal = () => readListen('METRICS_ADDR', text);
    expect(refusal).toThrow(UserError);
    expect(refusal).toThrow(`METRICS_ADDR is "${text}"; it must be a port, which is then loopback's, or address:port`);
  });
});
