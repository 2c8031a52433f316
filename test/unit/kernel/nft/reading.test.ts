import { describe, expect, it } from 'vitest';
import { attr, element, nested, text, u32, u64 } from '../../../../src/kernel/nft/message.js';
import { isAsMade, matchesIn } from '../../../../src/kernel/nft/reading.js';
import { drop } from '../../../../src/kernel/nft/verdict.js';
import { frameRules } from '../../../../src/kernel/rules/frame-rules.js';
import { filterBatch, isHooked, readSender, readTable } from '../../../../src/kernel/rules/port-filter.js';
import type { Sender } from '../../../../src/model/plan/namespace-plan.js';

const sender = { mac: '02:42:ac:10:01:01', addresses: ['172.16.1.1', 'fd00::1'] } as unknown as Sender;

/** As the kernel lists them. */
const listed = (of: Sender) =>
  frameRules(of).map(({ chain, expressions }) => Buffer.concat([text(2, chain), nested(4, ...expressions)]));

describe('rules that the kernel lists', () => {
  it('tell whose they are', () => {
    expect(readSender(listed(sender))).toEqual(sender);
  });

  it("are nobody's when one is missing, twice there, in another place, or another one", () => {
    const rules = listed(sender);
    const [first = Buffer.alloc(0), second = Buffer.alloc(0), ...rest] = rules;
    expect(readSender(rules.slice(0, -1))).toBeUndefined();
    expect(readSender([first, ...rules])).toBeUndefined();
    expect(readSender([second, first, ...rest])).toBeUndefined();
    expect(readSender([...listed({ ...sender, addresses: [] }), ...rest])).toBeUndefined();
    expect(readSender([Buffer.concat([text(2, 'frames'), nested(4, ...drop())]), second, ...rest])).toBeUndefined();
    expect(readSender([])).toBeUndefined();
  });

  it('may tell more than we said, and count', () => {
    const made = Buffer.concat([text(1, 'payload'), nested(2, u32(1, 1), u32(2, 0))]);
    const told = Buffer.concat([text(1, 'payload'), attr(2, Buffer.concat([u32(7, 9), u32(2, 0), u32(1, 1)]))]);
    expect(isAsMade(told, made)).toBe(true);
    expect(isAsMade(made, told)).toBe(false);
    const counter = (packets: number) => Buffer.concat([text(1, 'counter'), nested(2, u64(1, packets))]);
    expect(isAsMade(counter(77), counter(0))).toBe(true);
    expect(isAsMade(told, counter(0))).toBe(false);
  });

  it('match a field only where they compare all of it for equality', () => {
    const load = Buffer.concat([text(1, 'payload'), nested(2, u32(2, 1), u32(3, 12), u32(4, 4))]);
    const compare = (operator: number, bytes: number) =>
      Buffer.concat([text(1, 'cmp'), nested(2, u32(2, operator), nested(3, attr(1, Buffer.alloc(bytes))))]);
    expect(matchesIn([load, compare(0, 4)])).toEqual([{ base: 1, offset: 12, value: Buffer.alloc(4) }]);
    for (const [operator, bytes] of [
      [1, 4],
      [0, 2],
    ] as const)
      expect(matchesIn([load, compare(operator, bytes)])).toEqual([]);
    expect(matchesIn([load])).toEqual([]);
  });
});

it('tables of others are left alone, one that was put to sleep is told', () => {
  const table = (name: string, flags: number) => readTable(Buffer.concat([text(1, name), u32(2, flags)]));
  expect(table('filter', 0)).toBeUndefined();
  expect(table('tsoverlay-veth0', 0)).toEqual({ link: 'veth0', asleep: false });
  expect(table('tsoverlay-veth0', 1)).toEqual({ link: 'veth0', asleep: true });
});

it('a chain counts where it is hooked to its port', () => {
  const chain = (name: string, ...hook: readonly Buffer[]) =>
    isHooked(Buffer.concat([text(3, name), ...(hook.length > 0 ? [nested(4, ...hook)] : [])]), 'veth0');
  expect(chain('frames', u32(1, 0), u32(2, 0), text(3, 'veth0'))).toBe(true);
  expect(chain('frames', u32(1, 0), u32(2, 0), text(3, 'veth1'))).toBe(false);
  expect(chain('frames', u32(1, 0), u32(2, 9), text(3, 'veth0'))).toBe(false);
  expect(chain('frames')).toBe(false);
  expect(chain('ip6-own', u32(1, 0), u32(2, 0), text(3, 'veth0'))).toBe(false);
});

it('their number grows with the addresses, not with their pairs, and fits into one batch', () => {
  const many = (n: number) =>
    ({
      ...sender,
      addresses: Array.from({ length: n }, (_, i) => (i % 2 ? `fd00::${i}` : `10.0.0.${i}`)),
    }) as unknown as Sender;
  const count = (n: number) => frameRules(many(n)).length;
  expect(count(16) - count(14)).toBe(count(4) - count(2));
  // The send buffer that a socket has by default.
  expect(filterBatch('veth0', many(17)).length).toBeLessThan(100_000);
  expect(frameRules({ ...sender, addresses: [] }).map((r) => r.chain)).toEqual(['frames']);
});

it('an element is a list attribute around its expression', () => {
  expect(element(text(1, 'counter')).subarray(4)).toEqual(text(1, 'counter'));
});
