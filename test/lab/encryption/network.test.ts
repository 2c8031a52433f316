/** An encrypted network on two hosts, made as the passes make it: what stands on the wire, and what gets in. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeNamespace } from '../../../src/kernel/system/netns.js';
import { EncryptedSite } from './encrypted-site.js';
import { Wire } from './wire.js';

let site: EncryptedSite;
let wire: Wire;
beforeAll(async () => {
  site = await EncryptedSite.make();
  wire = await Wire.tap(site.hosts[0].path);
});
afterAll(async () => {
  await wire.close();
  site.close();
});

/** What else may be spoiled is, on engines. */
test('what containers send each other never stands on the wire in clear, whatever the mesh has lost', async () => {
  const spoils: readonly (() => void)[] = [
    () => site.inMesh('ip', 'address', 'flush', 'dev', site.device),
    () => removeNamespace(site.mesh),
  ];
  for (const spoil of spoils) {
    expect(site.marked('encrypted')).toBe(true);
    spoil();
    site.marked('encrypted');
    await site.converge();
    expect(site.marked('encrypted')).toBe(true);
  }
  expect(site.marked('plain')).toBe(true);
  const { marks, wireguard } = await wire.seen();
  expect([marks.encrypted, marks.plain > 0, wireguard > 0]).toEqual([0, true, true]);
});

test('VXLAN that nobody of the cluster sends gets into the plain network, and never into the encrypted one', async () => {
  const stranger = site.hosts[1]?.path ?? '';
  expect(site.forged('plain', stranger, '10.0.0.1')).toBe(true);
  expect(site.forged('encrypted', stranger, '10.0.0.1')).toBe(false);
  // Not even from this host itself, whichever address it is sent to.
  for (const to of ['10.0.0.1', '127.0.0.1', site.vtep])
    expect(site.forged('encrypted', site.hosts[0].path, to), to).toBe(false);
  expect(await site.hosts[0].kernel.namespaces(), 'the mesh’s is none of the networks’').toHaveLength(2);
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
