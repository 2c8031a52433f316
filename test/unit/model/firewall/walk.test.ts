/** A datagram's way through rules: what is certain, and what may be. Real rules are in test/kernel/host-ruleset.test.ts. */
import { describe, expect, it } from 'vitest';
import { bytesOf, type Datagram } from '../../../../src/model/firewall/packet.js';
import { compares, isWithin, masked } from '../../../../src/model/firewall/registers.js';
import type { Chain, Expression, Verdict } from '../../../../src/model/firewall/ruleset.js';
import { dropOf, isTranslated } from '../../../../src/model/firewall/walk.js';

const packet: Datagram = {
  ...{ from: '10.0.0.61', to: '10.0.0.60', port: 4789, family: 4, isComing: true },
  link: { name: 'eth0', index: 2 },
};
const MAYBE: Expression = { kind: 'unknown' };
const NEVER: Expression = { kind: 'known', holds: false };
const verdict = (kind: 'accept' | 'drop' | 'return'): Expression => ({ kind: 'verdict', verdict: { kind } });
const to = (kind: 'jump' | 'goto', chain: string): Expression => ({
  kind: 'verdict',
  verdict: { kind, chain } as Verdict,
});
const [ACCEPT, DROP, RETURN] = [verdict('accept'), verdict('drop'), verdict('return')];

type Chains = Readonly<Record<string, readonly (readonly Expression[])[]>>;

function fate(chains: Chains, drops = true): string {
  const base: Chain = { family: 'inet', table: 't', name: 'in', base: { hook: 'input', priority: 0, drops } };
  const drop = dropOf(packet, [base], {
    rules: ({ name }) => chains[name]?.map((expressions, handle) => ({ handle, expressions })),
    elements: () => undefined,
  });
  if (drop === undefined) return 'in';
  return `${drop.isSure ? '' : 'maybe '}${drop.chain.name} ${drop.handle ?? 'policy'}`;
}

describe('a walk', () => {
  it.each<[string, Chains, string]>([
    ['a policy', { in: [] }, 'in policy'],
    ['what holds', { in: [[ACCEPT]] }, 'in'],
    ['what does not hold', { in: [[NEVER, ACCEPT], [DROP]] }, 'in 1'],
    ['what may let it in', { in: [[MAYBE, ACCEPT], [DROP]] }, 'maybe in 1'],
    ['what may drop it is passed', { in: [[MAYBE, DROP], [ACCEPT]] }, 'in'],
    ['a chain that it comes back from', { in: [[to('jump', 'a')], [ACCEPT]], a: [[RETURN], [DROP]] }, 'in'],
    ['a chain that it does not come back from', { in: [[to('goto', 'a')], [ACCEPT]], a: [] }, 'in policy'],
    ['a chain that drops', { in: [[to('jump', 'a')], [ACCEPT]], a: [[DROP]] }, 'a 0'],
    ['one that it may come to', { in: [[MAYBE, to('jump', 'a')]], a: [[ACCEPT]] }, 'maybe in policy'],
    ['one that it may be lost in', { in: [[MAYBE, to('jump', 'a')], [ACCEPT]], a: [[DROP]] }, 'in'],
    ['what may turn it back', { in: [[to('jump', 'a')], [ACCEPT]], a: [[MAYBE, RETURN], [DROP]] }, 'in'],
    ['what it may never come to', { in: [[MAYBE, to('goto', 'a')], [ACCEPT]], a: [] }, 'maybe in policy'],
    ['a chain that cannot be read', { in: [[to('jump', 'gone')], [DROP]] }, 'in'],
    ['chains without an end', { in: [[to('jump', 'in')]] }, 'in'],
  ])('%s', (_, chains, what) => {
    expect(fate(chains)).toBe(what);
  });

  it('gives up on a ruleset of thousands', () => {
    expect(fate({ in: [...Array.from({ length: 6_000 }, () => [NEVER, DROP]), [DROP]] })).toBe('in');
  });
});

describe('a walk through chains that translate', () => {
  const TRANSLATE: Expression = { kind: 'verdict', verdict: { kind: 'translate' } };
  const is = (...chains: readonly (readonly (readonly Expression[])[])[]) =>
    isTranslated(
      packet,
      chains.map((_, n): Chain => ({ family: 'ip', table: 't', name: String(n) })),
      {
        rules: ({ name }) => chains[Number(name)]?.map((expressions, handle) => ({ handle, expressions })),
        elements: () => undefined,
      },
    );

  it.each<[string, ReturnType<typeof is>, boolean | undefined]>([
    ['none', is(), false],
    ['none that holds', is([[NEVER, TRANSLATE]]), false],
    ['one that holds', is([[NEVER, ACCEPT], [TRANSLATE]]), true],
    ['one that may hold', is([[MAYBE, TRANSLATE], [ACCEPT]]), undefined],
    ['one that it comes back before', is([[RETURN], [TRANSLATE]]), false],
    ['one that it may come back before', is([[MAYBE, RETURN], [TRANSLATE]]), undefined],
    ['the next chain, for one alone lets nothing out', is([[ACCEPT]], [[TRANSLATE]]), true],
    ['a chain that cannot be read', is([[to('jump', 'gone')]], [[NEVER, TRANSLATE]]), undefined],
  ])('%s', (_, found, wanted) => {
    expect(found).toBe(wanted);
  });
});

describe('bytes, of which some are not known', () => {
  it('are equal, or not, by those that are', () => {
    expect(compares([1, undefined], 'eq', Buffer.from([1, 2]))).toBe(undefined);
    expect(compares([2, undefined], 'eq', Buffer.from([1, 2]))).toBe(false);
    expect(compares([2, undefined], 'neq', Buffer.from([1, 2]))).toBe(true);
    expect(compares([1, 3], 'gt', Buffer.from([1, 2]))).toBe(true);
    expect(compares([undefined, 3], 'gt', Buffer.from([1, 2]))).toBe(undefined);
    expect(isWithin([0, 5], Buffer.from([0, 1]), Buffer.from([0, 4]))).toBe(false);
  });

  it('are known where a mask takes away what is not', () => {
    expect(masked([10, undefined], Buffer.from([255, 0]), Buffer.alloc(2))).toEqual([10, 0]);
  });

  it('of the packet stand in whole words', () => {
    expect(bytesOf(packet, { kind: 'meta', key: 16 }, 16)).toEqual([17, 0, 0, 0]);
    expect(bytesOf(packet, { kind: 'transport', offset: 0 }, 4)).toEqual([undefined, undefined, 0x12, 0xb5]);
    expect(bytesOf(packet, { kind: 'network', offset: 12 }, 4)).toEqual([10, 0, 0, 61]);
    const passed: Datagram = { ...packet, isComing: false, cameBy: 'br' };
    expect(bytesOf(passed, { kind: 'meta', key: 6 }, 16).slice(0, 3)).toEqual([98, 114, 0]);
    expect(bytesOf({ ...packet, link: undefined }, { kind: 'meta', key: 4 }, 4)).toEqual(Array(4).fill(undefined));
    expect(bytesOf({ ...packet, family: 6, from: 'fd00::1' }, { kind: 'network', offset: 8 }, 2).slice(0, 2)).toEqual([
      0xfd, 0,
    ]);
  });
});
