/** What a container says of the ways between hosts: "only so small", which all that goes between two of them would be cut to. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inside } from './dns-namespace.js';
import { sendRaw, tooBig } from './forger.js';
import { GuardedHosts } from './guarded-hosts.js';

const SMALL = 1300;

/** What the first host believes of the way to another node, bytes; undefined where it was told nothing. */
function believed({ a, underlay }: GuardedHosts, node: string): number | undefined {
  const found = inside(a, 'ip', `-${underlay}`, 'route', 'get', node);
  return Number(/ mtu (\d+)/.exec(found)?.[1]) || undefined;
}

describe.each([4, 6] as const)('IPv%i', (underlay) => {
  let open: GuardedHosts;
  let guarded: GuardedHosts;
  beforeAll(async () => {
    open = await GuardedHosts.make(underlay, 'conntrack', 'off');
    guarded = await GuardedHosts.make(underlay, 'conntrack', 'on');
  });
  afterAll(() => {
    for (const hosts of [open, guarded]) hosts?.close();
  });
  const forget = ({ a }: GuardedHosts) => inside(a, 'ip', `-${underlay}`, 'route', 'flush', 'cache');

  it.each(['a', 'gateway'] as const)('a container to the address %s of its host', (where) => {
    const told = (hosts: GuardedHosts) => {
      const { container, at } = hosts;
      forget(hosts);
      sendRaw(container, at[where], tooBig(at.container, at[where], at.a, at.b, SMALL));
      return believed(hosts, at.b);
    };
    expect(told(open)).toBe(SMALL);
    expect(told(guarded)).toBeUndefined();
    expect(guarded.drops('a')).toMatchObject({ input: expect.any(Number) });
  });

  it('a container of a way to somebody else, who is no node', () => {
    const { container, at } = guarded;
    sendRaw(container, at.a, tooBig(at.container, at.a, at.a, at.stranger, SMALL));
    expect(believed(guarded, at.stranger)).toBe(SMALL);
  });

  it('a router of the underlay is believed', () => {
    const { b, at } = guarded;
    forget(guarded);
    sendRaw(b, at.a, tooBig(at.stranger, at.a, at.a, at.b, SMALL));
    expect(believed(guarded, at.b)).toBe(SMALL);
  });
});
