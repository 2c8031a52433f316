import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.js';

const folder = mkdtempSync(join(tmpdir(), 'tsoverlay-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
const read = (env: Record<string, string>) => readConfig({ DATA_DIR: folder, CLUSTER_ADVERTISE: 'lo', ...env });

describe('readConfig', () => {
  it('takes the store as dockerd took it', () => {
    expect(read({ CLUSTER_STORE: 'consul://10.0.0.60:8500' }).consul).toEqual({
      servers: [{ host: '10.0.0.60', port: 8500 }],
      prefix: 'tsoverlay/',
    });
    expect(read({ CLUSTER_STORE: 'consul://a:1,b,[fd00::1]:3/some/where/' }).consul).toEqual({
      servers: [
        { host: 'a', port: 1 },
        { host: 'b', port: 8500 },
        { host: 'fd00::1', port: 3 },
      ],
      prefix: 'some/where/tsoverlay/',
    });
    expect(read({ CLUSTER_STORE: '' }).consul).toBeUndefined();
  });

  it('has commands ask beside the plugins, never among them', () => {
    expect(read({}).adminSocket).toBe('/run/docker/tsoverlay/admin.sock');
    const managed = '/host/docker/plugins/tsoverlay.sock,/run/docker/plugins/managed.sock';
    expect(read({ PLUGIN_SOCKETS: managed }).adminSocket).toBe('/host/docker/tsoverlay/admin.sock');
    expect(read({ PLUGIN_SOCKETS: '/tmp/a/x.sock' }).adminSocket).toBe('/tmp/a/x/admin.sock');
  });

  it('takes three ways of guarding', () => {
    expect(read({}).vxlanGuard).toBe('on');
    expect([read({}).vxlanPort, read({ VXLAN_PORT: '4790' }).vxlanPort]).toEqual([4789, 4790]);
    for (const port of ['0', '65536', '-1', '4789x', '1e3', ' 1'])
      expect(() => read({ VXLAN_PORT: port })).toThrow(
        `VXLAN_PORT is "${port}"; it must be a UDP port, a number from 1 to 65535`,
      );
    for (const mode of ['on', 'incoming', 'off']) expect(read({ VXLAN_GUARD: mode }).vxlanGuard).toBe(mode);
    expect(() => read({ VXLAN_GUARD: 'outgoing' })).toThrow(
      'VXLAN_GUARD is "outgoing"; it must be one of on, incoming, off',
    );
  });

  it('takes the options of the store', () => {
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, 'CA');
    const config = read({ CLUSTER_STORE: 'consul://a:1', CLUSTER_STORE_OPTS: `kv.cacertfile=${ca},kv.token=a=b` });
    expect(config.consul).toMatchObject({ token: 'a=b', tls: { ca: Buffer.from('CA') } });
    const typed = { CLUSTER_STORE: 'consul://a:1', CLUSTER_STORE_OPTS: `kv.cacertfile=${ca}` };
    expect(config.typed, 'no token').toEqual({ ...typed, CLUSTER_ADVERTISE: 'lo', DATA_DIR: folder });
  });

  it.each([['lo'], ['lo:2376'], ['127.0.0.1'], ['127.0.0.1:2376']])('takes %s as the advertised address', (text) => {
    expect(read({ CLUSTER_ADVERTISE: text }).advertise).toBe('127.0.0.1');
  });

  it.each([
    [{ CLUSTER_STORE: 'etcd://a:1' }, 'CLUSTER_STORE is "etcd://a:1", which does not start with consul://'],
    [{ CLUSTER_STORE: 'consul://a:99999' }, 'in which "a:99999" is no host:port'],
    [{ CLUSTER_STORE_OPTS: 'kv.user=x' }, 'CLUSTER_STORE_OPTS has "kv.user", which is unknown'],
    [{ CLUSTER_ADVERTISE: 'eth77' }, 'this host has no interface "eth77"'],
    [{ CLUSTER_ADVERTISE: '192.0.2.1' }, 'an address that no interface of this host has'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL is "loud"'],
    [{ ANTISPOOF: 'maybe' }, 'ANTISPOOF is "maybe"; it must be one of on, off'],
    [{ ACCELERATE: 'on' }, 'ACCELERATE is "on"; it must be one of auto, off'],
    [{ SCOPE: 'swarm' }, 'SCOPE is "swarm"; it must be one of auto, local, global'],
    [{ CONSUL_GUARD: 'yes' }, 'CONSUL_GUARD is "yes"; it must be one of on, off'],
    [{ DATA_DIR: '/proc/x' }, 'DATA_DIR is "/proc/x", which cannot be written'],
  ])('refuses %o', (env, sentence) => {
    expect(() => read(env)).toThrow(sentence);
  });

  it('names every problem at once', () => {
    expect(() => read({ LOG_LEVEL: 'loud', SCOPE: 'x' })).toThrow(/LOG_LEVEL.*; SCOPE/);
  });
});
