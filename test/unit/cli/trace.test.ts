import { describe, expect, it } from 'vitest';
import { whoAnswers, whyLines } from '../../../src/cli/dns/why.js';
import { cardLink, peerLinks, portLink, routeLink } from '../../../src/cli/trace/here.js';
import { linkLines, withoutAgent } from '../../../src/cli/trace/link.js';
import type { Inside } from '../../../src/kernel/networks/card.js';
import type { NamespacePlan } from '../../../src/model/plan/namespace-plan.js';
import type { ObservedNamespace } from '../../../src/model/plan/observed.js';
import type { Cidr, Endpoint, Ip, Mac } from '../../../src/model/values/types.js';

const MAC = '02:42:ac:10:01:01' as Mac;
const FAR_MAC = '02:42:ac:10:01:02' as Mac;
const FAR = '172.16.1.2' as Ip;
const own = {
  id: 'a'.repeat(64),
  mac: MAC,
  addresses: ['172.16.1.1/24' as Cidr],
  names: ['web'],
  container: 'c',
} as unknown as Endpoint;
const far = {
  id: 'b'.repeat(64),
  mac: FAR_MAC,
  addresses: ['172.16.1.2/24' as Cidr],
  names: ['db'],
} as unknown as Endpoint;
const peer = { vxlan: 'vxlan0', ip: FAR, mac: FAR_MAC, vtep: '10.0.0.61' };
const plan = { bridges: [{ name: 'br0', vxlan: 'vxlan0', vni: 256 }] } as unknown as NamespacePlan;
const card = (over: object = {}) => ({
  name: 'eth0',
  mac: MAC,
  mtu: 1450,
  up: true,
  addresses: ['172.16.1.1/24' as Cidr],
  ...over,
});
const inside = (over: Partial<Inside> = {}): Inside => ({ cards: [card()], way: { link: 'eth0' }, ...over });
const space = (over: object = {}) =>
  ({
    links: [{ name: 'vxlan0', kind: 'vxlan', up: true, master: 'br0', vxlan: { vni: 256 } }],
    neighbours: [{ link: 'vxlan0', ip: FAR, mac: FAR_MAC }],
    fdb: [{ link: 'vxlan0', mac: FAR_MAC, vtep: '10.0.0.61' }],
    statics: [{ link: 'vxlan0', mac: FAR_MAC }],
    ...over,
  }) as unknown as ObservedNamespace;

describe('the card of the container', () => {
  it.each([
    ['as it should be', inside(), true, 'eth0 up with 172.16.1.1/24'],
    ['down', inside({ cards: [card({ up: false })] }), false, 'eth0 down'],
    ['without its address', inside({ cards: [card({ addresses: [] })] }), false, 'no address'],
    ['with another MAC', inside({ cards: [card({ mac: FAR_MAC })] }), false, 'no card with that MAC'],
    ['out of sight', undefined, false, 'ENOENT'],
  ])('%s', (_, seen, ok, kernel) => {
    const link = cardLink(own, 'one', seen, 'ENOENT');
    expect(link.ok).toBe(ok);
    expect(link.kernel).toContain(kernel);
    expect(link.cure === undefined).toBe(ok);
  });
});

describe('the route', () => {
  it.each([
    ['on the card', undefined, inside(), true],
    ['by another link', undefined, inside({ way: { link: 'eth1' } }), false],
    [
      'by a router that is none of the plan',
      undefined,
      inside({ way: { link: 'eth0', via: '172.16.1.9' as Ip } }),
      false,
    ],
    [
      'by the gateway to another subnet',
      '172.16.1.254' as Ip,
      inside({ way: { link: 'eth0', via: '172.16.1.254' as Ip } }),
      true,
    ],
    ['nowhere', undefined, inside({ way: undefined }), false],
  ])('%s', (_, gateway, seen, ok) => {
    expect(routeLink(own, FAR, gateway, seen, '').ok).toBe(ok);
  });
});

describe('the entries for a peer', () => {
  const broken = (seen: ObservedNamespace | undefined, planned: typeof peer | undefined = peer) =>
    peerLinks(plan, planned as never, far, seen)
      .filter(({ ok }) => !ok)
      .map(({ link }) => link);

  it.each([
    ['all there', space(), []],
    ['no neighbour', space({ neighbours: [] }), ['neighbour']],
    ['another MAC', space({ neighbours: [{ link: 'vxlan0', ip: FAR, mac: MAC }] }), ['neighbour']],
    ['no FDB entry', space({ fdb: [] }), ['fdb']],
    ['another host', space({ fdb: [{ link: 'vxlan0', mac: FAR_MAC, vtep: '10.0.0.9' }] }), ['fdb']],
    ['not on the bridge', space({ statics: [] }), ['fdb']],
    [
      'a device that is down',
      space({ links: [{ name: 'vxlan0', kind: 'vxlan', up: false, master: 'br0', vxlan: { vni: 256 } }] }),
      ['fdb'],
    ],
    ['no namespace', undefined, ['neighbour', 'fdb']],
  ])('%s', (_, seen, links) => {
    expect(broken(seen)).toEqual(links);
  });

  it('none is planned for who does not count', () => {
    expect(peerLinks(plan, undefined, far, space())).toMatchObject([
      { link: 'neighbour', ok: false, planned: 'none: db does not count here' },
    ]);
  });
});

it('a veth pair is known by its endpoint', () => {
  const port = { endpoint: own.id, bridge: 'br0', mtu: 1450 } as never;
  const veth = { name: 'veth0', kind: 'veth', alias: own.id, up: true, master: 'br0', mtu: 1450 };
  const ok = (link: object) => portLink('port', port, space({ links: [link] })).ok;
  expect([ok(veth), ok({ ...veth, master: '' }), ok({ ...veth, up: false }), ok({ ...veth, alias: far.id })]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

it('the first break is marked, each has its cure', () => {
  const [good, bad] = [
    { link: 'card', planned: 'a', ok: true } as const,
    { link: 'route', planned: 'b', kernel: 'c', ok: false, cure: 'd' } as const,
  ];
  expect(linkLines([good, bad, { ...bad, link: 'fdb' }])).toEqual([
    expect.stringMatching(/^ok {5}the container's card +planned a$/),
    expect.stringMatching(/^BREAK {2}the container's route +planned b; kernel c$/),
    '       cure: d',
    expect.stringMatching(/^broken FDB/),
    '       cure: d',
  ]);
});

describe('who answers', () => {
  const heard = (answers: string[], outcome = 'NOERROR', isAnswer = true) => [
    { type: 'A' as const, answers, outcome, isAnswer },
  ];
  const asked = {
    name: 'db',
    container: 'web',
    heard: heard([FAR]),
    engine: heard([], 'NXDOMAIN'),
    ours: undefined,
    away: undefined,
  };
  const ours = (answers: string[] | null, serving: 'yes' | 'not yet' | 'no' = 'yes') => ({
    serving,
    answers,
    zones: [{ network: 'one', addresses: answers ?? [] }],
  });

  it.each([
    ['tsoverlay, which has the name', { ...asked, ours: ours([FAR]) }, 'tsoverlay'],
    [
      'the engine, whom it is left to',
      { ...asked, heard: heard(['93.184.216.34']), engine: heard(['93.184.216.34']), ours: ours(null) },
      'engine',
    ],
    ['nobody', { ...asked, heard: heard([], 'no answer within 2.5 s', false) }, 'nobody'],
    [
      'a name that nobody has is still an answer',
      { ...asked, heard: heard([], 'NXDOMAIN'), ours: ours(null) },
      'engine',
    ],
  ])('%s', (_, given, who) => {
    expect(whoAnswers(given)).toBe(who);
  });

  it('and why', () => {
    expect(whyLines({ ...asked, ours: ours([FAR]) })).toEqual([
      `db, asked by web at 127.0.0.11: A ${FAR}`,
      'answered by tsoverlay',
      `network one has it: ${FAR} ← this one answers`,
      "the engine's own resolver alone: A NXDOMAIN",
    ]);
    expect(whyLines({ ...asked, away: 'it is away' })).toContain(
      "why: it is away; meanwhile the engine's own resolver answers",
    );
  });
});

it('while nobody serves, nothing is promised that only tsoverlay mends', () => {
  const links = peerLinks(plan, peer as never, far, { ...space(), neighbours: [] } as never);
  expect(links[0]?.cure).toContain('tsoverlay mends this within seconds');
  const [neighbour, fdb] = withoutAgent(links);
  expect(neighbour?.cure).toMatch(/^start tsoverlay on this host/);
  expect(fdb).toBe(links[1]);
});
