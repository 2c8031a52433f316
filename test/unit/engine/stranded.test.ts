import { describe, expect, it } from 'vitest';
import { isOnOneOf, isStranded } from '../../../src/engine/stranded.js';

const failed = {
  State: { Running: false, StartedAt: '2026-11-24T20:00:00Z', Error: 'IpamDriver.RequestAddress: tsoverlay: the …' },
  HostConfig: { RestartPolicy: { Name: 'always' } },
};
const withError = (text: string) => ({ ...failed, State: { ...failed.State, Error: text } });

describe('isStranded', () => {
  it('is a container with a restart policy that ran, and could not start again because of us', () => {
    expect(isStranded(failed)).toBe(true);
  });

  it.each([
    'plugin not found',
    'legacy plugin: plugin not found',
    'plugin "tsoverlay" not found',
    'plugin tsoverlay/driver:latest found but disabled',
    'failed to set up container networking: error looking up network plugin tsoverlay: plugin not found',
    'failed to set up container networking: could not find plugin tsoverlay in v2 registry',
    'invalid ipam driver: "tsoverlay"',
    'Post "http://%2Frun%2Fdocker%2Fplugins%2Ftsoverlay.sock/NetworkDriver.CreateEndpoint": dial unix /run/docker/plugins/tsoverlay.sock: connect: connection refused',
    'dial unix /run/docker/plugins/tsoverlay.sock: connect: no such file or directory',
    'Post http://%2Frun%2Fdocker%2Fplugins%2F8f1c%2Fmanaged.sock/IpamDriver.RequestAddress: EOF',
    'failed to create endpoint web on network shop: context deadline exceeded',
    'net/http: request canceled (Client.Timeout exceeded while awaiting headers)',
    'failed to create endpoint web on network shop: NetworkDriver.CreateEndpoint: tsoverlay: this call was cut off',
  ])('is one that failed with: %s', (error) => {
    expect(isStranded(withError(error))).toBe(true);
  });

  it.each([
    ['runs', { State: { ...failed.State, Running: true } }],
    ['never ran', { State: { ...failed.State, StartedAt: '0001-01-01T00:00:00Z' } }],
    ['failed for another reason', { State: { ...failed.State, Error: 'port is already allocated' } }],
    [
      'failed for another reason on a network of our name',
      withError('driver failed programming external connectivity on endpoint tsoverlay-web: port is already allocated'),
    ],
    ['a person stopped', withError('')],
    ['has no policy', { HostConfig: { RestartPolicy: { Name: 'no' } } }],
    ['has none at all', { HostConfig: {} }],
  ])('is none that %s', (_, change) => {
    expect(isStranded({ ...failed, ...change })).toBe(false);
  });
});

describe('isOnOneOf', () => {
  const networks = [{ id: 'a1', name: 'shop' }];

  it.each([
    ['on it', { NetworkSettings: { Networks: { shop: { NetworkID: 'a1' } } } }, true],
    [
      'made with it by name, forgotten since',
      { HostConfig: { NetworkMode: 'shop' }, NetworkSettings: { Networks: {} } },
      true,
    ],
    ['made with it by id', { HostConfig: { NetworkMode: 'a1' }, NetworkSettings: null }, true],
    [
      'on another',
      { HostConfig: { NetworkMode: 'bridge' }, NetworkSettings: { Networks: { bridge: { NetworkID: 'b2' } } } },
      false,
    ],
    ['on none', {}, false],
  ])('%s', (_, container, expected) => {
    expect(isOnOneOf(networks, container)).toBe(expected);
  });
});
