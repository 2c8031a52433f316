/** What goes to the kernel and what comes back, byte by byte: no root, no kernel. */
import { describe, expect, test } from 'vitest';
import { formatAddress, readAddress } from '../../../../src/kernel/links/addresses.js';
import { formatLink, readLink } from '../../../../src/kernel/links/links.js';
import { formatNeighbour, readNeighbour } from '../../../../src/kernel/links/neighbours.js';
import { readDestination } from '../../../../src/kernel/links/routes.js';
import { vethData } from '../../../../src/kernel/links/veth.js';
import { readVxlan, vxlanData } from '../../../../src/kernel/links/vxlan.js';
import {
  ipBytes,
  macBytes,
  message,
  nest,
  readAttributes,
  readIp,
  readMac,
  readText,
} from '../../../../src/kernel/netlink/attributes.js';
import type { Cidr, Ip, Mac } from '../../../../src/model/values/types.js';

const MAC = '02:42:ac:10:01:02' as Mac;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

describe('attributes', () => {
  test('are padded to four bytes, also when nested, and left out when undefined', () => {
    const bytes = message(Buffer.from('head'), [
      [1, Buffer.from('a')],
      [2, undefined],
      [3, nest([[4, Buffer.from('bcdef')]])],
    ]);
    expect(bytes).toEqual(hex('68656164 0500 0100 61000000 0d00 0300 0900 0400 6263646566'));
    const read = readAttributes(bytes.subarray(4));
    expect([...read.keys()]).toEqual([1, 3]);
    expect(readAttributes(read.get(3) ?? Buffer.alloc(0)).get(4)).toEqual(Buffer.from('bcdef'));
  });

  test('hold text with or without its NUL', () => {
    expect([Buffer.from('br0\0'), Buffer.from('br0'), undefined].map(readText)).toEqual(['br0', 'br0', '']);
  });

  test.each(['172.16.1.254', '0.0.0.0', '255.255.255.255', 'fd00::1', '::', '2001:db8::1:0:0:1', 'fe80::1'])(
    'hold the address %s',
    (ip) => expect(readIp(ipBytes(ip))).toBe(ip),
  );

  test('hold MACs; lo has an empty one in some kernels', () => {
    expect(readMac(macBytes(MAC))).toBe(MAC);
    expect([readMac(undefined), readMac(Buffer.alloc(0))]).toEqual(['', '']);
  });
});

describe('links', () => {
  test('come back as they were written', () => {
    const bytes = formatLink(7, { name: 'br0', mtu: 1450, master: 3, alias: 'id', up: true, kind: 'bridge' });
    expect(readLink(bytes)).toEqual({
      type: 0,
      index: 7,
      name: 'br0',
      kind: 'bridge',
      mtu: 1450,
      up: true,
      master: 3,
      mac: '',
      alias: 'id',
      data: Buffer.alloc(0),
      portData: Buffer.alloc(0),
    });
  });

  test('only `up` touches the flags: a change mask of 0 would leave them', () => {
    expect(formatLink(7, { mtu: 1450 })).toEqual(hex('0000 0000 07000000 00000000 00000000 0800 0400 aa050000'));
    expect(formatLink(7, { up: true })).toEqual(hex('0000 0000 07000000 01000000 01000000'));
    expect(formatLink(7, { up: false })).toEqual(hex('0000 0000 07000000 00000000 01000000'));
  });

  test('a VXLAN device answers for others but learns nothing; its port is in network order', () => {
    const bytes = formatLink(0, { name: 'vx', kind: 'vxlan', data: vxlanData(256, '10.0.0.60', 4789, true) });
    expect(bytes.includes(hex('0600 0f00 12b5'))).toBe(true);
    expect(readVxlan(readLink(bytes).data)).toEqual({
      vni: 256,
      port: 4789,
      local: '10.0.0.60',
      learning: false,
      proxy: true,
    });
  });

  test('only an IPv6 underlay has a group, and that is unspecified', () => {
    const group = (local: string) => vxlanData(256, local, 4789, true).find(([type]) => type === 16)?.[1];
    expect([group('10.0.0.60'), group('fd00::60')]).toEqual([undefined, Buffer.alloc(16)]);
  });

  test('a veth carries its peer as a whole link', () => {
    const data = readLink(
      formatLink(0, { name: 'veth0', kind: 'veth', data: vethData({ name: 'vethc', namespace: 9 }, 1450) }),
    ).data;
    const peer = readAttributes(data).get(1) ?? Buffer.alloc(0);
    expect(readLink(peer)).toMatchObject({ name: 'vethc', mtu: 1450, up: false });
    expect(readAttributes(peer.subarray(16)).get(28)).toEqual(hex('09000000'));
  });
});

describe('addresses', () => {
  test.each(['172.16.1.254/24', '10.0.0.1/8', '192.0.2.7/32', 'fd00:1::fe/64'])('%s comes back', (address) => {
    expect(readAddress(formatAddress(5, address as Cidr))).toEqual({ link: 5, address });
  });

  test.each([
    ['172.16.1.254/24', '172.16.1.255'],
    ['10.0.0.1/8', '10.255.255.255'],
    ['10.1.2.5/30', '10.1.2.7'],
    ['10.1.2.4/31', undefined],
    ['0.0.0.1/0', '255.255.255.255'],
    ['fd00::1/64', undefined],
  ])('%s has the broadcast address %s', (address, broadcast) => {
    const bytes = readAttributes(formatAddress(5, address as Cidr).subarray(8)).get(4);
    expect(bytes === undefined ? undefined : readIp(bytes)).toBe(broadcast);
  });

  test('IPv6 goes without duplicate address detection', () => {
    expect(formatAddress(5, 'fd00::1/64' as Cidr).subarray(0, 8)).toEqual(hex('0a 40 02 00 05000000'));
  });
});

describe('neighbours', () => {
  const entry = (ip: string) => ({ link: 4, mac: MAC, ip: ip as Ip });

  test.each(['172.16.1.2', 'fd00::2'])('both tables bring %s back', (ip) => {
    expect(readNeighbour(formatNeighbour('ip', entry(ip)))).toEqual(entry(ip));
    expect(readNeighbour(formatNeighbour('bridge', entry(ip)))).toEqual(entry(ip));
  });

  test('are permanent; an FDB entry belongs to the device itself', () => {
    const head = (table: 'ip' | 'bridge') => formatNeighbour(table, entry('172.16.1.2')).subarray(0, 12);
    expect(head('ip')).toEqual(hex('02 000000 04000000 8000 00 00'));
    expect(head('bridge')).toEqual(hex('07 000000 04000000 8000 02 00'));
  });

  test('that are learned, or the bridge’s, or nowhere, are none of ours', () => {
    const stale = formatNeighbour('ip', entry('172.16.1.2'));
    stale.writeUInt16LE(4, 8);
    const ofBridge = formatNeighbour('bridge', entry('10.0.0.71'));
    ofBridge.writeUInt8(4, 10);
    const nowhere = message(hex('07 000000 04000000 8000 02 00'), [[2, macBytes(MAC)]]);
    expect([stale, ofBridge, nowhere].map(readNeighbour)).toEqual([undefined, undefined, undefined]);
  });
});

describe('routes', () => {
  const route = (over: { prefix?: number; table?: number; type?: number; dst?: string | null } = {}) => {
    const { prefix = 24, table = 254, type = 1, dst = '192.168.7.0' } = over;
    return message(Buffer.from([2, prefix, 0, 0, table, 0, 0, type, 0, 0, 0, 0]), [
      [1, dst === null ? undefined : ipBytes(dst)],
    ]);
  };

  test('of the main table, to somewhere', () => {
    expect(readDestination(route())).toBe('192.168.7.0/24');
    expect(readDestination(route({ type: 6 }))).toBe('192.168.7.0/24');
    expect(readDestination(route({ table: 255 }))).toBeUndefined();
    expect(readDestination(route({ type: 5 }))).toBeUndefined();
    expect(readDestination(route({ prefix: 0, dst: null }))).toBeUndefined();
  });
});
