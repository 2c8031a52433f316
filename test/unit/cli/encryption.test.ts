import { expect, it } from 'vitest';
import type { Encryption } from '../../../src/admin/contract/encryption.js';
import { encryptionLines } from '../../../src/cli/encryption.js';

const DAY = 86_400_000;
const NONE: Encryption = {
  ...{ mode: 'off', rotationMs: 7 * DAY, isUp: false, keys: [], made: 0, waiting: [], peers: [] },
};
const UP: Encryption = {
  ...{ ...NONE, isUp: true, keys: [{ key: 'old', port: 51_840 }], made: DAY },
  peers: [
    { address: '10.0.0.61', alive: true, hasKey: true, handshake: DAY, talks: true },
    { address: '10.0.0.62', alive: true, hasKey: true, talks: false },
    { address: '10.0.0.63', alive: true, hasKey: false, talks: false },
    { address: '10.0.0.64', alive: false, hasKey: false, talks: false },
  ],
};

it('a host that has nothing to do with it says nothing', () => {
  expect(encryptionLines(NONE)).toEqual([]);
  expect(encryptionLines({ ...NONE, mode: 'required' })).toEqual(['encryption required; no network is encrypted yet']);
});

it('a host with a mesh says with whom, and how old its key gets', () => {
  expect(encryptionLines(UP)).toEqual([
    'encryption off; WireGuard with 2 hosts, 1 of which have talked in the last three minutes',
    '  key old  UDP 51840  since 1970-01-02T00:00:00Z, until 1970-01-09T00:00:00Z',
    '  without WireGuard, and so without encrypted networks: 10.0.0.63',
  ]);
  expect(encryptionLines({ ...UP, rotationMs: 0 })[1]).toMatch(/, for good$/);
});

it('one whose key changes says what that waits for', () => {
  const keys = [...UP.keys, { key: 'new', port: 51_841 }];
  expect(encryptionLines({ ...UP, keys, waiting: ['10.0.0.62'] }).slice(1, 4)).toEqual([
    '  key old  UDP 51840',
    '  key new  UDP 51841  since 1970-01-02T00:00:00Z, until 1970-01-09T00:00:00Z',
    '  the first goes when nobody uses it; it waits for 10.0.0.62',
  ]);
  expect(encryptionLines({ ...UP, keys })[3]).toBe('  the first goes when nobody uses it; it waits for traffic to end');
});
