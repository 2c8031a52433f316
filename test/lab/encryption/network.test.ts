/** An encrypted network on two hosts, made as the passes make it: what stands on the wire, and what gets in. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removeNamespace } from '../../../src/kernel/system/netns.js';
import { run } from '../../kernel/bench.js';
import { EncryptedSite } from './encrypted-site.js';
import { Wire } from './wire.js';

let site: EncryptedSite;
let wire: Wire;
beforeEach(async () => {
  site = await EncryptedSite.make();
  wire = await Wire.tap(site.hosts[0].path);
});
afterEach(async () => {
  await wire.close();
  site.close();
});

describe('what containers send each other', () => {
  test('never stands on the wire in clear; that of a plain network beside it does', async () => {
    expect(site.marked('encrypted')).toBe(true);
    expect(site.marked('plain')).toBe(true);
    const seen = await wire.seen();
    expect(seen.marks).toEqual({ encrypted: 0, plain: expect.any(Number) });
    expect(seen.marks.plain).toBeGreaterThan(0);
    expect(seen.wireguard).toBeGreaterThan(0);
  });

  test('fills the underlay’s packets to the byte', () => {
    expect(site.fits('encrypted', 1390)).toBe(true);
    expect(site.fits('encrypted', 1391)).toBe(false);
    expect(site.fits('plain', 1450)).toBe(true);
  });

  test.each<[string, (site: EncryptedSite) => void]>([
    ['the device is down', (s) => s.inMesh('ip', 'link', 'set', s.device, 'down')],
    ['the device is deleted', (s) => s.inMesh('ip', 'link', 'delete', s.device)],
    ['the routes are gone', (s) => s.inMesh('ip', 'route', 'flush', 'table', 'main')],
    ['the address is gone', (s) => s.inMesh('ip', 'address', 'flush', 'dev', s.device)],
    ['the namespace is unmounted', (s) => void execFileSync('umount', [s.mesh])],
    ['the namespace is deleted', (s) => removeNamespace(s.mesh)],
    ['the ruleset is flushed', (s) => run(s.hosts[0].path, 'nft', 'flush', 'ruleset')],
  ])('never stands there in clear while %s, and gets through again once it is mended', async (_, spoil) => {
    expect(site.marked('encrypted')).toBe(true);
    spoil(site);
    site.marked('encrypted');
    await site.converge();
    expect(site.marked('encrypted')).toBe(true);
    expect((await wire.seen()).marks.encrypted).toBe(0);
  });
});

describe('VXLAN that nobody of the cluster sends', () => {
  test('gets into the plain network, and never into the encrypted one', () => {
    const stranger = site.hosts[1]?.path ?? '';
    expect(site.forged('plain', stranger, '10.0.0.1')).toBe(true);
    expect(site.forged('encrypted', stranger, '10.0.0.1')).toBe(false);
    // Not even from this host itself, whichever address it is sent to.
    for (const to of ['10.0.0.1', '127.0.0.1', site.vtep])
      expect(site.forged('encrypted', site.hosts[0].path, to), to).toBe(false);
  });
});

test('the mesh’s namespace is none of the networks’', async () => {
  expect(await site.hosts[0].kernel.namespaces()).toHaveLength(2);
});

test('over an IPv6 underlay all is the same but the MTU', async () => {
  const six = await EncryptedSite.make(['fd00::1', 'fd00::2']);
  const cable = await Wire.tap(six.hosts[0].path);
  try {
    expect(six.marked('encrypted')).toBe(true);
    expect(six.marked('plain')).toBe(true);
    expect((await cable.seen()).marks).toEqual({ encrypted: 0, plain: expect.any(Number) });
    expect(six.fits('encrypted', 1370)).toBe(true);
    expect(six.fits('encrypted', 1371)).toBe(false);
  } finally {
    await cable.close();
    six.close();
  }
});
