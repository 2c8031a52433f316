import { describe, expect, it } from 'vitest';
import { namesOf } from '../../../src/engine/container-names.js';
import { parseEvent } from '../../../src/engine/event.js';
import { linkLocalIps } from '../../../src/engine/link-local.js';
import { lookupOf } from '../../../src/engine/lookup.js';
import { mirrorSpec } from '../../../src/engine/mirror.js';
import type { Cidr, Ip } from '../../../src/model/values/types.js';
import { network, networkId } from '../model/fixtures.js';

describe('mirrorSpec', () => {
  it('repeats the network with the cluster id as driver option', () => {
    const subnet = {
      pool: '172.16.1.0/24' as Cidr,
      range: '172.16.1.128/25' as Cidr,
      gateway: '172.16.1.254/24' as Cidr,
      aux: { printer: '172.16.1.9' as Ip },
      vni: 256,
    };
    const spec = mirrorSpec(network({ subnets: [subnet], options: { 'com.docker.network.driver.mtu': '1400' } }));
    expect(spec).toMatchObject({
      Name: 'overlay1',
      Driver: 'tsoverlay',
      Options: { 'tsoverlay.network': networkId(1), 'com.docker.network.driver.mtu': '1400' },
      IPAM: {
        Driver: 'tsoverlay',
        Config: [
          {
            Subnet: '172.16.1.0/24',
            IPRange: '172.16.1.128/25',
            Gateway: '172.16.1.254',
            AuxiliaryAddresses: { printer: '172.16.1.9' },
          },
        ],
      },
    });
    expect(spec.IPAM).not.toHaveProperty('Options');
  });

  it("carries the user's IPAM options as typed", () => {
    const ipamOptions = { 'tsoverlay.base': '10.77.0.0/16', 'tsoverlay.size': '26' };
    const announced = { name: 'overlay1', labels: {}, attachable: false, ipamOptions };
    expect(mirrorSpec(network({ announced })).IPAM?.Options).toEqual(ipamOptions);
  });

  it('leaves the hash of Compose on the host that set it', () => {
    const labels = { team: 'blue', 'com.docker.compose.config-hash': 'abc' };
    const spec = mirrorSpec(network({ announced: { name: 'overlay1', labels, attachable: true } }));
    expect(spec.Labels).toEqual({ team: 'blue' });
    expect(spec.Attachable).toBe(true);
  });
});

describe('namesOf', () => {
  const id = '0123456789abcdef';

  it('puts the container name first and each name once', () => {
    expect(namesOf('/web', id, { Aliases: ['0123456789ab', 'api'] })).toEqual(['web', '0123456789ab', 'api']);
    expect(namesOf('/web', id, { DNSNames: ['web', 'api', '0123456789ab', 'host'], Aliases: ['api'] })).toEqual([
      'web',
      'api',
      '0123456789ab',
      'host',
    ]);
  });

  it('manages without aliases', () => {
    expect(namesOf('web', id, { Aliases: null, DNSNames: null })).toEqual(['web', '0123456789ab']);
  });
});

describe('linkLocalIps', () => {
  it('are those of the link alone, whatever the engine let pass', () => {
    const LinkLocalIPs = ['169.254.7.7', 'fe80::0007', '172.16.1.9', 'nonsense'];
    expect(linkLocalIps({ IPAMConfig: { LinkLocalIPs } })).toEqual(['169.254.7.7', 'fe80::7']);
    const many = Array.from({ length: 500 }, (_, i) => `169.254.${1 + (i >> 8)}.${i & 255}`);
    expect(linkLocalIps({ IPAMConfig: { LinkLocalIPs: many } })).toHaveLength(64);
    for (const none of [{}, { IPAMConfig: null }, { IPAMConfig: { LinkLocalIPs: null } }])
      expect(linkLocalIps(none)).toEqual([]);
  });
});

describe('parseEvent', () => {
  const line = (Type: string, Action: string, ID: string, Attributes: object) =>
    JSON.stringify({ Type, Action, Actor: { ID, Attributes }, time: 1 });

  it('tells our networks from the others', () => {
    expect(parseEvent(line('network', 'connect', 'n1', { type: 'tsoverlay', container: 'c1' }))).toEqual({
      type: 'network',
      action: 'connect',
      network: 'n1',
      container: 'c1',
    });
    expect(parseEvent(line('network', 'connect', 'n1', { type: 'bridge', container: 'c1' }))).toEqual({
      ...{ type: 'foreign', action: 'connect', network: 'n1', container: 'c1' },
    });
    expect(parseEvent(line('network', 'prune', 'n1', { type: 'bridge' }))).toBeUndefined();
  });

  it('tells when bridges come and go, for what is to be kept away from Consul', () => {
    expect(parseEvent(line('network', 'create', 'n1', { type: 'bridge', name: 'later' }))).toEqual({
      type: 'bridge',
    });
  });

  it('keeps the three container events that matter', () => {
    expect(parseEvent(line('container', 'rename', 'c1', { oldName: '/x' }))).toEqual({
      type: 'container',
      action: 'rename',
      container: 'c1',
    });
    expect(parseEvent(line('container', 'exec_start: sh', 'c1', {}))).toBeUndefined();
  });
});

describe('lookupOf', () => {
  it('reads links as people and engines write them', () => {
    const Links = ['db1:db', 'web', '/cache:/app/redis', ':x', 'y:', 'a:b:c', ''];
    expect(lookupOf({ Links, GwPriority: 7 })).toEqual({
      links: [
        { name: 'db1', alias: 'db' },
        { name: 'web', alias: 'web' },
        { name: 'cache', alias: 'redis' },
      ],
      priority: 7,
    });
  });

  it('has nothing where the engine tells nothing', () => {
    for (const settings of [{}, { Links: null }]) expect(lookupOf(settings)).toEqual({ links: [] });
  });
});
