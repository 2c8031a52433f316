import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CryptKeys } from '../../../../src/store/data-dir/crypt-keys.js';
import { newPrivateKey, publicKeyOf } from '../../../../src/store/data-dir/key-pair.js';
import { heardRows } from '../../health/heard.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(`${tmpdir()}/tsoverlay-keys-`);
});
afterEach(() => rmSync(dir, { recursive: true }));

let heard = heardRows();
const open = (now = 1000) => CryptKeys.open(dir, 51_820, heard.rows, () => now);

test('a public key is made of a private one as in RFC 7748, section 6.1', () => {
  const bob = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb';
  expect(Buffer.from(publicKeyOf(Buffer.from(bob, 'hex')), 'base64').toString('hex')).toBe(
    'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  );
});

test('private keys are clamped and different', () => {
  const [a, b] = [newPrivateKey(), newPrivateKey()];
  expect(a).not.toEqual(b);
  expect([(a[0] ?? 0) & 7, (a[31] ?? 0) & 0xc0]).toEqual([0, 0x40]);
  expect(publicKeyOf(a)).toMatch(/^[\w+/]{43}=$/);
});

test('a host that does not ask has no key, and no file', () => {
  open().renew();
  expect(existsSync(`${dir}/keys.json`)).toBe(false);
});

test('the first question makes a key, which the next one finds, and which nobody else may read', () => {
  const [{ key } = { key: '' }] = open().own;
  expect(open().own).toMatchObject([{ key, port: 51_820 }]);
  expect(statSync(`${dir}/keys.json`).mode & 0o777).toBe(0o600);
});

test('a second key has the other port, and stands on the disk before anybody can hear of it', () => {
  const keys = open();
  expect(keys.own).toHaveLength(1);
  keys.add();
  const [first, second] = keys.own;
  expect([first?.port, second?.port]).toEqual([51_820, 51_821]);
  expect(open().own).toMatchObject([{ key: first?.key }, { key: second?.key }]);
  keys.add();
  expect(keys.own).toHaveLength(2);
  if (first === undefined || second === undefined) throw new Error('no keys');
  keys.drop(first.key);
  keys.drop(second.key);
  expect(keys.own).toMatchObject([{ key: second.key, port: 51_821 }]);
  expect(keys.privateKey(first.key)).toBeUndefined();
  keys.add();
  expect(keys.own.map((k) => k.port)).toEqual([51_821, 51_820]);
});

test('keys of a copied folder are given up, all of them', () => {
  const keys = open();
  expect(keys.own).toHaveLength(1);
  keys.add();
  const before = keys.own.map((k) => k.key);
  keys.renew();
  expect(keys.own).toHaveLength(1);
  expect(before).not.toContain(keys.own[0]?.key);
  expect(open().own).toMatchObject([{ key: keys.own[0]?.key }]);
});

test.each(['no JSON', '{"version":1,"keys":[{"private":"c2hvcnQ=","place":0,"made":1}]}', '{"version":1,"keys":{}}'])(
  'a file that cannot be read is told of, and there is a new key: %s',
  (text) => {
    writeFileSync(`${dir}/keys.json`, text);
    heard = heardRows();
    expect(open().own).toHaveLength(1);
    expect(heard.log.words[0]).toContain('cannot be read');
    expect(readFileSync(`${dir}/keys.json`, 'utf8')).toContain('"place":0');
  },
);
