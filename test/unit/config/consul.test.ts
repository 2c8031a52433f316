import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { readConsul } from '../../../src/config/consul.js';
import { messageOf } from '../../../src/errors.js';

const STORE = 'consul://a:1';
const SECRET = '99999999-8888-7777-6666-555555555555';
const folder = mkdtempSync(join(tmpdir(), 'tsoverlay-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'secret');
const write = (text: string, mode = 0o600) => {
  writeFileSync(file, text);
  chmodSync(file, mode);
};
const refusal = (store: string, opts: string): string => {
  try {
    readConsul(store, opts);
  } catch (e) {
    return messageOf(e);
  }
  throw new Error(`${store} ${opts} was taken`);
};

describe('kv.tokenfile', () => {
  beforeEach(() => write(SECRET));

  it.each([SECRET, `${SECRET}\n`, `${SECRET}\r\n`])('gives the token without the end of its line: %j', (text) => {
    write(text);
    expect(readConsul(STORE, `kv.tokenfile=${file}`)).toMatchObject({ token: SECRET, tokenFile: file });
  });

  it.each([
    ['others can read (mode 644); chmod 600 it', 0o644],
    ['others can read (mode 640); chmod 600 it', 0o640],
    ['others can read (mode 620); chmod 600 it', 0o620],
  ])('is refused when it is one that %s', (why, mode) => {
    chmodSync(file, mode);
    expect(refusal(STORE, `kv.tokenfile=${file}`)).toBe(`CLUSTER_STORE_OPTS names kv.tokenfile=${file}, which ${why}`);
  });

  it.each([
    ['', 'is empty'],
    ['\n', 'is empty'],
    [`token ${SECRET}`, 'has blanks'],
    [`${SECRET}\nmore`, 'has blanks'],
    ['x'.repeat(5000), 'has 5000 bytes'],
  ])('is refused when it holds something else: %j', (text, why) => {
    write(text);
    const words = refusal(STORE, `kv.tokenfile=${file}`);
    expect(words).toContain(`kv.tokenfile=${file}, which ${why}`);
    expect(words).toContain('put the token alone into it');
    expect(words).not.toContain(SECRET);
  });

  it.each([
    ['/dev/zero', 'is no file'],
    [folder, 'is no file'],
    [join(folder, 'none'), 'cannot be read: ENOENT'],
  ])('is refused when it is %s', (path, why) => {
    expect(refusal(STORE, `kv.tokenfile=${path}`)).toContain(`kv.tokenfile=${path}, which ${why}`);
  });

  it('is refused beside kv.token, for one of them would be ignored', () => {
    expect(refusal(STORE, `kv.token=${SECRET},kv.tokenfile=${file}`)).toBe(
      'CLUSTER_STORE_OPTS has both kv.token and kv.tokenfile; leave one of them out',
    );
  });
});

describe('a secret in the wrong place', () => {
  it.each([
    [STORE, SECRET],
    [STORE, `kv.token=abc,${SECRET}`],
    [STORE, `kv.token=${SECRET} x`],
    [STORE, `token:${SECRET}`],
    [STORE, `${SECRET}=`],
    [`consul://user:${SECRET}@a:8500`, ''],
    [`consul://${SECRET}@a:99999`, ''],
    [`etcd://${SECRET}@a`, ''],
  ])('is not repeated: %s %s', (store, opts) => {
    const words = refusal(store, opts);
    expect(words).not.toContain(SECRET);
    expect(words).toMatch(/^CLUSTER_STORE(_OPTS)? (has|is) .*; (use|write|put) /);
  });

  it('an empty kv.token is said, for its requests would be those of nobody', () => {
    expect(refusal(STORE, 'kv.token=')).toBe('CLUSTER_STORE_OPTS has a kv.token that is empty; put the token there');
  });
});
