import { describe, expect, it } from 'vitest';
import { Encryption } from '../../../src/api/encryption.js';
import { readNetworkOptions } from '../../../src/api/network-options.js';
import type { EncryptionMode } from '../../../src/model/values/settings.js';
import { network } from '../model/fixtures.js';

const with_ = (mode: EncryptionMode) => new Encryption(mode, async () => true);
const without = (mode: EncryptionMode) => new Encryption(mode, async () => false);
const plain = network({ announced: { name: 'shop', labels: {}, attachable: false } });
const secret = { ...plain, options: { encrypted: '' } };

it.each([[''], ['true'], ['1'], ['T'], ['false'], ['0'], ['F']])('the option may be "%s"', (value) => {
  expect(readNetworkOptions({ encrypted: value }).repeated).toEqual({ encrypted: value });
});

it.each(['on', 'yes', 'aes', ' ', 'tRUE'])('the option may not be "%s"', (value) => {
  expect(() => readNetworkOptions({ encrypted: value })).toThrow(`encrypted is "${value}"; it must be true or false`);
});

describe('what stands in the record of a network that is created here', () => {
  it.each<[EncryptionMode, Record<string, string>, Record<string, string>]>([
    ['off', {}, {}],
    ['off', { encrypted: '' }, { encrypted: '' }],
    ['off', { encrypted: 'false' }, { encrypted: 'false' }],
    ['on', {}, { encrypted: 'true' }],
    ['on', { encrypted: '' }, { encrypted: '' }],
    ['on', { encrypted: 'false' }, { encrypted: 'false' }],
    ['required', {}, { encrypted: 'true' }],
    ['required', { encrypted: '' }, { encrypted: '' }],
  ])('with ENCRYPTION=%s and %o is %o', (mode, said, record) => {
    expect(with_(mode).resolve(said)).toEqual(record);
  });

  it('with ENCRYPTION=required is never that it is plain', () => {
    expect(() => with_('required').resolve({ encrypted: 'false' })).toThrow(
      'option encrypted is "false", but ENCRYPTION=required on this host allows no network in clear; leave the option out',
    );
  });
});

describe('a host without WireGuard', () => {
  it('creates plain networks alone', async () => {
    await without('off').checkCreation({});
    await without('off').checkCreation({ encrypted: 'false' });
    await expect(without('on').checkCreation({ encrypted: 'true' })).rejects.toThrow(
      /^the network is to be encrypted, but this host's kernel has no WireGuard .*; load it, or create .* -o encrypted=false$/,
    );
    await expect(without('required').checkCreation({ encrypted: '' })).rejects.toThrow(/; load it$/);
  });

  it('attaches no container to an encrypted one', async () => {
    await without('off').checkAttachment(plain);
    await expect(without('off').checkAttachment(secret)).rejects.toThrow(
      /^network shop is encrypted, but this host's kernel has no WireGuard .*; load it, or run the container on another host$/,
    );
  });
});

it('a host that requires encryption attaches no container to a plain network', async () => {
  await with_('on').checkAttachment(plain);
  await with_('required').checkAttachment(secret);
  await expect(with_('required').checkAttachment(plain)).rejects.toThrow(
    'network shop is not encrypted, but ENCRYPTION=required on this host; use one that is, or another host',
  );
});
