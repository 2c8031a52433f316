/** Names of containers, and firewalls: a healthy host, and each thing that is broken. */

import { describe, expect, it } from 'vitest';
import { forwarded, known, redirect } from '../../../src/doctor/checks/names/names.js';
import { type FirewallFacts, firewall } from '../../../src/doctor/checks/underlay/firewall.js';
import type { Dropped } from '../../../src/doctor/looks/firewall.js';
import type { NamesLook } from '../../../src/doctor/looks/names.js';
import { containersOf } from '../../../src/doctor/own-containers.js';
import type { Chain } from '../../../src/model/firewall/ruleset.js';
import type { Probed } from '../../../src/model/probe/passage.js';
import type { Cidr, Endpoint } from '../../../src/model/values/types.js';
import { endpoint, HOST1, HOST2, networkId } from '../model/fixtures.js';
import { idOf, livingNode } from '../nodes.js';

const whats = (troubles: readonly { readonly what: string }[]) => troubles.map(({ what }) => what);

describe('names', () => {
  const sound: NamesLook = {
    ...{ container: 'db', isRedirected: true, foreign: { us: true, engine: true } },
    known: { name: 'web', outcome: 'NOERROR', isFound: true },
  };
  const judge = (...changes: readonly Partial<NamesLook>[]) =>
    [redirect, known, forwarded].flatMap((check) => whats(check.judge(changes.map((one) => ({ ...sound, ...one })))));
  const lost = { name: 'web', outcome: 'NXDOMAIN', isFound: false };

  it('nothing is said of containers that are answered, or have nothing to ask for', () => {
    expect(judge()).toEqual([]);
    expect(judge({}, { known: undefined })).toEqual([]);
  });

  it('without the redirect, that alone: the engine does not know the name', () => {
    expect(judge({ isRedirected: false, known: lost })).toEqual([
      "questions of container db go to the engine's resolver alone",
    ]);
  });

  it('without an answer, that alone; of many, some by name', () => {
    expect(judge({ known: lost, foreign: { us: false, engine: true } })).toEqual([
      'container db asked for web, which is on its network: NXDOMAIN',
    ]);
    const many = ['a', 'b', 'c', 'd', 'e'].map((container) => ({ container, known: lost }));
    expect(judge(...many)).toEqual(['container a, b, c and 2 more asked for web, which is on its network: NXDOMAIN']);
  });

  it('without names of the world: through us, or at all', () => {
    expect(judge({ foreign: { us: false, engine: true } }, { foreign: { us: false, engine: false } })).toEqual([
      "a name of the world is not answered to container db, and is by the engine's resolver alone",
      "a name of the world is not answered to container db, nor by the engine's resolver alone",
    ]);
  });
});

describe('containers that are asked', () => {
  const [own, other] = [endpoint(1, HOST1, { names: ['db'] }), endpoint(2, HOST2, { names: ['bad name', 'web'] })];
  const of = (endpoints: readonly Endpoint[], alive = true, troubled: readonly string[] = []) =>
    containersOf(
      { nodes: [livingNode(HOST1), { ...livingNode(HOST2), alive }], endpoints },
      idOf(HOST1),
      ({ id }) => (id === own.id ? '/ns/db' : '/ns/more'),
      troubled.map((subject) => ({ code: 'dns.share', subject, text: '', cure: '', severity: 'low' })),
    );

  it('for a name of another host, of its family; for their own where there is no other that lives', () => {
    expect(of([own, other])).toEqual([{ name: 'db', sandbox: '/ns/db', known: { name: 'web', type: 'A' } }]);
    expect(of([own, other], false)).toMatchObject([{ known: { name: 'db' } }]);
    expect(of([own, { ...other, addresses: ['fd00::2/64' as Cidr] }])).toMatchObject([{ known: { type: 'AAAA' } }]);
    expect(of([{ ...own, names: ['two words'] }])).toMatchObject([{ name: 'two words', known: undefined }]);
  });

  it('once for each namespace, and not where a row tells of it already', () => {
    const second = endpoint(3, HOST1, { id: own.id, network: networkId(2) });
    expect(of([second, own, other])).toHaveLength(1);
    expect(of([second, own, other])[0]?.known?.name).toBe('web');
    expect(of([own, other], true, ['/ns/db'])).toEqual([]);
  });
});

describe('firewall', () => {
  const chain: Chain = { family: 'inet', table: 'fw', name: 'in' };
  const drop = (peer: string | undefined, isSure = true, handle: number | undefined = 7): Dropped => ({
    ...{ peer, isComing: true },
    drop: { chain, handle, isSure },
  });
  const judge = (drops: readonly Dropped[], answered?: Readonly<Record<string, boolean>>, isLegacy = false) => {
    const facts: FirewallFacts = {
      ...{ drops, isLegacy, unseen: [] },
      port: 4789,
      answered: answered && new Map(Object.entries(answered)),
    };
    return whats(firewall.judge(facts));
  };
  const BY_RULE = 'dropped by the rule with handle 7 in chain in of table inet fw';

  it('the probe is the proof: what passes is not dropped, whatever the walk has found', () => {
    expect(judge([])).toEqual([]);
    expect(judge([drop('a')], { a: true })).toEqual([]);
    expect(judge([drop('a')], { a: false })).toEqual([`UDP 4789 that comes from a is ${BY_RULE}`]);
    expect(judge([drop('a', false)], { a: false })).toEqual([`UDP 4789 that comes from a may be ${BY_RULE}`]);
  });

  it('without a probe what is certain counts', () => {
    expect(judge([drop('a', false), drop(undefined, false)])).toEqual([]);
    expect(judge([drop('a')])).toHaveLength(1);
    expect(judge([drop(undefined)], {})).toEqual([`UDP 4789 that comes from other hosts is ${BY_RULE}`]);
  });

  it('many hosts are one trouble, each way is its own', () => {
    const all = ['a', 'b', 'c', 'd'].map((peer) => drop(peer));
    expect(
      judge([
        ...all,
        { ...drop('a', true, undefined), isComing: false, drop: { chain, handle: undefined, isSure: true } },
      ]),
    ).toEqual([
      `UDP 4789 that comes from a, b, c and 1 more is ${BY_RULE}`,
      'UDP 4789 that goes to a is dropped by the policy of chain in of table inet fw',
    ]);
  });

  it('rules that cannot be seen are thought of where nothing comes through', () => {
    expect(judge([], { a: true }, true)).toEqual([]);
    expect(judge([], { a: false }, true)).toEqual([
      'UDP 4789 of a may be dropped by rules of iptables-legacy, which cannot be seen from here',
    ]);
    expect(judge([], { a: false })).toEqual([]);
  });

  describe('hosts for which there was no time', () => {
    const examine = (answered: boolean, drops: readonly Dropped[] = []) =>
      firewall.examine({
        firewall: async () => ({ drops, isLegacy: false, unseen: ['a', 'b'] }),
        probes: async () => ['a', 'b'].map((peer) => ({ peer, answered: peer === 'a' || answered }) as Probed),
        port: 4789,
      });
    const words = 'there was no time to walk through the rules for b';

    it('are not found to be well, but by a probe', async () => {
      expect(await examine(true)).toEqual([]);
      await expect(examine(false)).rejects.toThrow(words);
      await expect(examine(false, [drop('a')]), 'what a drops passes').rejects.toThrow(words);
    });

    it('are named beside what is found of others', async () => {
      expect(whats(await examine(false, [drop('c')]))).toEqual([`UDP 4789 that comes from c is ${BY_RULE}`, words]);
      expect(whats(await examine(true, [drop('c')]))).toEqual([`UDP 4789 that comes from c is ${BY_RULE}`]);
    });
  });
});
