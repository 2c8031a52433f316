import { describe, expect, it } from 'vitest';
import { inVersion, ofVersion, versionTrouble } from '../../../../src/store/records/record-version.js';

describe('the version of a record', () => {
  it('is the one that is asked for, with all else as it was', () => {
    expect(inVersion('endpoints/a/b/c', '{"version":3,"mac":"x","more":[1]}', 2)).toBe(
      '{"version":2,"mac":"x","more":[1]}',
    );
    const value = '{"version":3, "as":"written"}';
    expect(inVersion('endpoints/a/b/c', value, 3)).toBe(value);
  });

  it.each(['', '3f0c', 'a'.repeat(64), '[]', '{"no":1}', '{'])('of what is no record is none: %j', (value) =>
    expect(inVersion('vnis/256', value, 3)).toBe(value),
  );

  it.each([
    [{ encrypted: '' }, 3],
    [{ encrypted: 'true' }, 3],
    [{ encrypted: 'false' }, 2],
    [{}, 2],
  ])('of an encrypted network is never one whose releases would build it in clear: %j', (options, version) => {
    const value = JSON.stringify({ version: 3, options });
    expect(JSON.parse(inVersion('networks/a', value, 2))).toEqual({ version, options });
  });

  it('is no field of it', () =>
    expect(ofVersion('pools/x', { version: 2, node: 'n' } as never)).toEqual({ node: 'n' }));

  it('is read from the first with this layout up to the newest', () => {
    expect([1, 2, 3, 4].map(versionTrouble)).toEqual([
      'has version 1, which an older release wrote',
      undefined,
      undefined,
      'has version 4, which a newer release wrote',
    ]);
  });
});
