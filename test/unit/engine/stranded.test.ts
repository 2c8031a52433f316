import { describe, expect, it } from 'vitest';
import { isStranded } from '../../../src/engine/stranded.js';

const failed = {
  State: { Running: false, StartedAt: '2026-11-24T20:00:00Z', Error: 'IpamDriver.RequestAddress: tsoverlay: the …' },
  HostConfig: { RestartPolicy: { Name: 'always' } },
};

describe('isStranded', () => {
  it('is a container with a restart policy that ran, and could not start again because of us', () => {
    expect(isStranded(failed)).toBe(true);
  });

  it.each([
    ['runs', { State: { ...failed.State, Running: true } }],
    ['never ran', { State: { ...failed.State, StartedAt: '0001-01-01T00:00:00Z' } }],
    ['failed for another reason', { State: { ...failed.State, Error: 'port is already allocated' } }],
    ['has no policy', { HostConfig: { RestartPolicy: { Name: 'no' } } }],
    ['has none at all', { HostConfig: {} }],
  ])('is none that %s', (_, change) => {
    expect(isStranded({ ...failed, ...change })).toBe(false);
  });
});
