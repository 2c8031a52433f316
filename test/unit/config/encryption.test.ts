import { expect, it } from 'vitest';
import { readEncryption } from '../../../src/config/encryption.js';
import type { NodeAddress } from '../../../src/model/values/types.js';

const read = (env: Record<string, string>, advertise = '10.0.0.1') =>
  readEncryption(env, { advertise: advertise as NodeAddress, vxlanPort: 4789 }, (take) => take());

it('without settings networks are encrypted that ask for it, and keys get a week old', () => {
  expect(read({})).toEqual({ mode: 'off', rotationMs: 7 * 86_400_000, port: 51_840, keepalive: 0 });
});

it.each([
  ['30m', 30 * 60_000],
  ['12h', 12 * 3_600_000],
  ['365d', 365 * 86_400_000],
  ['off', 0],
])('KEY_ROTATION may be %s', (text, ms) => {
  expect(read({ KEY_ROTATION: text }).rotationMs).toBe(ms);
});

it.each([
  ['198.51.100.7', { address: '198.51.100.7' }],
  ['198.51.100.7:4000', { address: '198.51.100.7', port: 4000 }],
])('CLUSTER_ENDPOINT may be %s', (text, endpoint) => {
  expect(read({ CLUSTER_ENDPOINT: text }).endpoint).toEqual(endpoint);
});

it.each([
  ['2001:db8::7', { address: '2001:db8::7' }],
  ['2001:DB8:0::7', { address: '2001:db8::7' }],
  ['[2001:db8::7]', { address: '2001:db8::7' }],
  ['[2001:db8::7]:4000', { address: '2001:db8::7', port: 4000 }],
])('on an IPv6 underlay CLUSTER_ENDPOINT may be %s', (text, endpoint) => {
  expect(read({ CLUSTER_ENDPOINT: text }, 'fd00::1').endpoint).toEqual(endpoint);
});

it('takes a port, a keepalive, and who must encrypt', () => {
  expect(read({ WIREGUARD_PORT: '65534', WIREGUARD_KEEPALIVE: '25', ENCRYPTION: 'required' })).toMatchObject({
    ...{ mode: 'required', port: 65_534, keepalive: 25 },
  });
  expect(read({ WIREGUARD_KEEPALIVE: 'off' }).keepalive).toBe(0);
});

const NO_ENDPOINT = 'it must be an address or address:port, such as';
it.each([
  [{ ENCRYPTION: 'yes' }, 'ENCRYPTION is "yes"; it must be one of off, on, required'],
  [{ KEY_ROTATION: '7' }, 'KEY_ROTATION is "7"; it must be off or a time from 10m to 365d, such as 12h or 7d'],
  [{ KEY_ROTATION: '9m' }, 'KEY_ROTATION is "9m"; it must be off or a time'],
  [{ KEY_ROTATION: '366d' }, 'KEY_ROTATION is "366d"; it must be off or a time'],
  [{ KEY_ROTATION: '-1d' }, 'KEY_ROTATION is "-1d"; it must be off or a time'],
  [{ WIREGUARD_PORT: '65535' }, 'WIREGUARD_PORT is "65535"; it must be a UDP port, a number from 1 to 65534'],
  [{ WIREGUARD_PORT: '4789' }, 'WIREGUARD_PORT is "4789", and 4789 and 4790 are used, but VXLAN_PORT is 4789'],
  [{ WIREGUARD_PORT: '4788' }, 'WIREGUARD_PORT is "4788", and 4788 and 4789 are used, but VXLAN_PORT is 4789'],
  [
    { WIREGUARD_KEEPALIVE: '0.5' },
    'WIREGUARD_KEEPALIVE is "0.5"; it must be off or a number of seconds from 1 to 65535',
  ],
  [{ CLUSTER_ENDPOINT: 'vpn.example' }, `CLUSTER_ENDPOINT is "vpn.example"; ${NO_ENDPOINT}`],
  [
    { CLUSTER_ENDPOINT: '10.0.0.7:' },
    'the port of CLUSTER_ENDPOINT is ""; it must be a UDP port, a number from 1 to 65534',
  ],
  [{ CLUSTER_ENDPOINT: '10.0.0.7:65535' }, 'the port of CLUSTER_ENDPOINT is "65535"; it must be a UDP port'],
  [{ CLUSTER_ENDPOINT: '10.0.0.7:1:2' }, 'the port of CLUSTER_ENDPOINT is "1:2"; it must be a UDP port'],
  [{ CLUSTER_ENDPOINT: '127.0.0.1' }, 'CLUSTER_ENDPOINT is "127.0.0.1", one of the loopback addresses (127.0.0.0/8)'],
  [{ CLUSTER_ENDPOINT: '2001:db8::7' }, 'of IPv6, but CLUSTER_ADVERTISE is 10.0.0.1; both must be of one family'],
])('refuses %o', (env, sentence) => {
  expect(() => read(env)).toThrow(sentence);
});
