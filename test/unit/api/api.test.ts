import { describe, expect, it } from 'vitest';
import { ZodError } from 'zod';
import { checkMtu, readNetworkOptions } from '../../../src/api/network-options.js';
import { createEndpoint, createNetwork, requestPool } from '../../../src/api/protocol.js';
import { wordsFor } from '../../../src/api/words.js';
import { DeadlineError, KernelError, StoreError, UserError } from '../../../src/errors.js';

describe('network options', () => {
  it('are dockerd spellings', () => {
    expect(
      readNetworkOptions({
        'com.docker.network.driver.mtu': '1400',
        'com.docker.network.driver.overlay.vxlanid_list': '300, 301',
        'tsoverlay.network': 'a'.repeat(64),
      }),
    ).toEqual({
      mirrorOf: 'a'.repeat(64),
      mtu: 1400,
      vnis: [300, 301],
      repeated: {
        'com.docker.network.driver.mtu': '1400',
        'com.docker.network.driver.overlay.vxlanid_list': '300, 301',
      },
    });
  });

  it.each(['com.docker.network.enable_ipv6', 'com.docker.network.enable_ipv4'])("%s is the engine's own", (key) => {
    expect(readNetworkOptions({ [key]: 'true' }).repeated).toEqual({ [key]: 'true' });
    expect(() => readNetworkOptions({ [key]: 'maybe' })).toThrow(`${key} is "maybe"; it must be true or false`);
  });

  it.each([
    [{ 'com.docker.network.driver.mtu': 'big' }, 'com.docker.network.driver.mtu is "big"'],
    [{ 'com.docker.network.driver.mtu': '20' }, 'must be a number from 118 to 65535'],
    [{ 'com.docker.network.driver.overlay.vxlanid_list': '0' }, 'a VXLAN id is a number from 1 to 16777215'],
    [{ 'tsoverlay.gateway': 'yes' }, 'tsoverlay.gateway is "yes"; it must be overlay'],
    [{ encrypted: 'yes' }, 'encrypted is "yes"; it must be true or false'],
    [{ 'tsoverlay.network': 'abc' }, "option tsoverlay.network is for tsoverlay's own use; leave it out"],
    [{ colour: 'red' }, 'option colour is unknown to tsoverlay'],
  ])('%o is refused', (options, sentence) => {
    expect(() => readNetworkOptions(options)).toThrow(sentence);
  });

  it.each([
    [1329, { ipv6: true, encryption: false }, 'IPv6 needs 1330 at least'],
    [1389, { ipv6: true, encryption: true }, 'IPv6 with encryption needs 1390 at least'],
    [177, { ipv6: false, encryption: true }, 'encryption needs 178 at least'],
  ])('an MTU of %i is too small for %o', (mtu, needs, sentence) => {
    expect(() => checkMtu(mtu, needs)).toThrow(`com.docker.network.driver.mtu is ${mtu}, but ${sentence}; raise it`);
    checkMtu(mtu + 1, needs);
    checkMtu(undefined, needs);
  });
});

describe('requests', () => {
  it('may have null where Go has an empty map or slice', () => {
    expect(createNetwork.parse({ NetworkID: 'n', Options: null, IPv4Data: null })).toEqual({
      NetworkID: 'n',
      Options: {},
      IPv4Data: [],
      IPv6Data: [],
    });
    expect(createEndpoint.parse({ NetworkID: 'n', EndpointID: 'e', Interface: null })).toMatchObject({
      Interface: { Address: '', AddressIPv6: '', MacAddress: '' },
    });
    expect(requestPool.parse({ AddressSpace: 'tsoverlay', Options: null })).toMatchObject({ Pool: '', V6: false });
  });

  it('without what they need are refused: a retry may come with an empty body', () => {
    expect(() => createNetwork.parse({})).toThrow(ZodError);
  });
});

describe('words', () => {
  it('are one sentence that says what to do', () => {
    expect(wordsFor(new UserError('subnet x overlaps y'))).toBe('tsoverlay: subnet x overlaps y');
    expect(wordsFor(new DeadlineError('late'))).toBe('tsoverlay: late');
    expect(wordsFor(new StoreError('no answer', true))).toContain('running containers are not affected');
    expect(wordsFor(new KernelError('ip link add vxlan0', 17, 'EEXIST'))).toContain('"ip link add vxlan0" with EEXIST');
    expect(wordsFor(new Error('boom'))).toContain('please report it: boom');
    const unreadable = createNetwork.safeParse({});
    expect(wordsFor(unreadable.error)).toContain('cannot read: NetworkID');
  });
});
