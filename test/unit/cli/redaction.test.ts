import { expect, it } from 'vitest';
import { networkShown, redacted } from '../../../src/cli/report/redaction.js';
import { tarOf } from '../../../src/cli/report/tar.js';
import type { Network } from '../../../src/model/values/types.js';

it('a report has neither the token nor what looks like a secret', () => {
  const token = '1f2e3d4c-0000-1111-2222-333344445555';
  const text = [
    `403 for ${token}`,
    '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----',
    'kv.token=abc,kv.tokenfile=/var/lib/tsoverlay/token',
    '"X-Consul-Token": "def"',
    'password=geheim',
  ].join('\n');
  const shown = redacted(text, [token, undefined, '']);
  for (const secret of [token, 'MIIE', 'abc', 'def', 'geheim']) expect(shown).not.toContain(secret);
  expect(shown).toContain('kv.tokenfile=/var/lib/tsoverlay/token');
});

it('nor labels, nor options that are not ours', () => {
  const network = {
    options: { 'tsoverlay.antispoof': 'on', secretly: 'abc' },
    announced: { name: 'shop', labels: { owner: 'def' }, attachable: false, ipamOptions: { key: 'ghi' } },
  } as unknown as Network;
  const text = JSON.stringify(networkShown(network));
  for (const private_ of ['abc', 'def', 'ghi']) expect(text).not.toContain(private_);
  expect(JSON.parse(text)).toMatchObject({ announced: { name: 'shop', labels: 1, ipamOptions: 1 } });
});

it('a bundle is a tar file', async () => {
  const tar = await tarOf('report', { 'a.txt': 'one\n', 'b.json': '{}\n' });
  expect(tar.subarray(257, 262).toString()).toBe('ustar');
  expect(tar.length % 512).toBe(0);
  expect(tar.toString('latin1')).toContain('report/a.txt');
});
