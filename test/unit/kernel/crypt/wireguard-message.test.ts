/** WireGuard's messages byte by byte, as Linux 6.1 took and gave them (test/lab/encryption/mesh.test.ts asks the kernel). */
import { describe, expect, test } from 'vitest';
import {
  formatGetDevice,
  formatSetDevice,
  merge,
  readDevice,
  readSockaddr,
  sockaddr,
} from '../../../../src/kernel/crypt/wireguard-message.js';
import type { Ip, PublicKey } from '../../../../src/model/values/types.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const keyOf = (byte: number): PublicKey => Buffer.alloc(32, byte).toString('base64') as PublicKey;
const VTEP = '10.1.2.3' as Ip;

describe('set device', () => {
  test('is command 1, and says of each nest that it is one', () => {
    const endpoint = { address: 'fd00::2' as Ip, port: 51_821 };
    const peers = [{ key: keyOf(9), vtep: VTEP, endpoint, keepalive: 25 }];
    const bytes = formatSetDevice({ link: 'wg0', privateKey: Buffer.alloc(32, 7), port: 51_820, peers });
    expect(bytes.toString('hex')).toBe(
      hex(`01010000 0800 0200 77673000
        2400 0300 ${'07'.repeat(32)}
        0600 0600 6cca 0000
        7900 0880
          7500 0080
            2400 0100 ${'09'.repeat(32)}
            0800 0300 02000000
            2000 0400 0a00 ca6d 00000000 fd000000000000000000000000000002 00000000
            0600 0500 1900 0000
            1d00 0980 1900 0080 0600 0100 0200 0000 0800 0200 0a010203 0500 0300 20`).toString('hex'),
    );
  });

  test('leaves an endpoint and an address as they are that are not given', () => {
    expect(formatSetDevice({ link: 'wg0', peers: [{ key: keyOf(9), keepalive: 25 }] })).toEqual(
      hex(`01010000 0800 0200 77673000 3200 0880 2e00 0080 2400 0100 ${'09'.repeat(32)} 0600 0500 1900`),
    );
  });

  test('a peer is removed by its key and a flag alone', () => {
    expect(formatSetDevice({ link: 'wg0', peers: [{ key: keyOf(9), removed: true }] })).toEqual(
      hex(`01010000 0800 0200 77673000 3400 0880 3000 0080 2400 0100 ${'09'.repeat(32)} 0800 0300 01000000`),
    );
  });
});

describe('get device', () => {
  test('is command 0, by name', () => {
    expect(formatGetDevice('wg0')).toEqual(hex('00010000 0800 0200 77673000'));
  });

  const peer = (key: number, more: string): string => {
    const body = `2400 0100 ${key.toString(16).padStart(2, '0').repeat(32)} ${more}`;
    const length = 4 + hex(body).length;
    return `${Buffer.from(Uint16Array.of(length).buffer).toString('hex')} 0080 ${body}`;
  };
  const device = (more: string, peers: string): Buffer => {
    const length = Buffer.from(Uint16Array.of(4 + hex(peers).length).buffer).toString('hex');
    return hex(`00010000 ${more} ${length} 0880 ${peers}`);
  };
  const allowed = '2000 0980 1c00 0080 0600 0100 0200 0000 0800 0200 0a010203 0500 0300 20000000';

  test('gives keys, places, handshakes and addresses, and not the private key', () => {
    const found = readDevice(
      device(
        `2400 0300 ${'07'.repeat(32)} 2400 0400 ${'08'.repeat(32)} 0600 0600 6cca 0000`,
        peer(
          9,
          `1400 0400 0200 ca6d 0a000002 0000000000000000 0600 0500 1900 0000
           1400 0600 0100000000000000 0500000000000000 0c00 0700 dc00000000000000 ${allowed}`,
        ),
      ),
    );
    expect(found).toEqual({
      key: keyOf(8),
      port: 51_820,
      peers: [
        {
          key: keyOf(9),
          endpoint: { address: '10.0.0.2', port: 51_821 },
          keepalive: 25,
          handshake: 1000,
          received: 220,
          allowed: ['10.1.2.3/32'],
        },
      ],
    });
    expect(JSON.stringify(found)).not.toContain(keyOf(7));
  });

  test('of a peer without a handshake says so, and puts the pieces of a large device together', () => {
    const never = `1400 0600 ${'00'.repeat(16)}`;
    const pieces = [
      readDevice(device(`2400 0400 ${'08'.repeat(32)} 0600 0600 6cca 0000`, peer(9, `${never} ${allowed}`))),
      readDevice(device('', `${peer(9, allowed)} ${peer(10, '')}`)),
    ];
    expect(merge(pieces)).toEqual({
      key: keyOf(8),
      port: 51_820,
      peers: [
        { key: keyOf(9), keepalive: 0, received: 0, allowed: ['10.1.2.3/32', '10.1.2.3/32'] },
        { key: keyOf(10), keepalive: 0, received: 0, allowed: [] },
      ],
    });
  });
});

test('places of both families come back as they went', () => {
  for (const address of ['10.0.0.2', 'fd00::2'] as Ip[])
    expect(readSockaddr(sockaddr({ address, port: 65_535 }))).toEqual({ address, port: 65_535 });
});
