import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Ways } from '../../../src/admin/page/ways.js';
import { UserError } from '../../../src/errors.js';
import type { Probed } from '../../../src/model/probe/passage.js';
import type { NodeAddress } from '../../../src/model/values/types.js';
import { cluster, HOST1, HOST2 } from '../model/fixtures.js';
import { idOf, livingNode } from '../nodes.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const passage = (peer: NodeAddress): Probed => ({
  ...{ answered: true, peer, roundTrip: { min: 0.1, median: 0.3, max: 9 }, cut: true, segments: true },
  ...{
    there: { sent: 20, arrived: 20 },
    back: { sent: 20, arrived: 15 },
    mtu: { planned: 1450, there: 1450, back: 1400 },
  },
  checksum: { there: true, back: true },
});

function host(...addresses: readonly string[]) {
  const asked: (readonly NodeAddress[])[] = [];
  const view = { current: cluster([], []) };
  const nodes = [HOST1, ...addresses].map((address) => livingNode(address));
  view.current = { ...view.current, nodes: new Map(nodes.map((node) => [node.id, node])) };
  let answer = async (peers: readonly NodeAddress[]): Promise<readonly Probed[]> => peers.map(passage);
  const ways = new Ways({
    ...{ self: idOf(HOST1), view, now: () => new Date(0) },
    probes: {
      probe: (peers) => {
        asked.push(peers);
        return answer(peers);
      },
    },
  });
  const answers = (next: typeof answer) => {
    answer = next;
  };
  return { ways, asked, view, answers };
}

describe('the ways that the page shows', () => {
  it('are what probes of the living others found, the worse of both directions', async () => {
    const { ways, asked } = host(HOST2);
    await ways.look();
    expect(asked).toEqual([[HOST2]]);
    expect(ways.current).toEqual([
      {
        ...{ from: idOf(HOST1), to: idOf(HOST2), at: '1970-01-01T00:00:00.000Z', reached: true },
        ...{ rtt: 0.3, loss: 0.25, mtu: 1400, planned: 1450 },
      },
    ]);
  });

  it('are probed again after a while only, however often somebody looks, and stay one value until then', async () => {
    const { ways, asked, answers } = host(HOST2);
    await ways.look();
    const before = ways.current;
    await ways.look();
    expect([asked.length, ways.current]).toEqual([1, before]);
    vi.advanceTimersByTime(15_000);
    answers(async (peers) => peers.map((peer) => ({ answered: false, peer })));
    await ways.look();
    expect(ways.current).toMatchObject([{ reached: false, rtt: null }]);
  });

  it('are as they were when this host cannot probe; a host that is gone has none', async () => {
    const { ways, view, answers } = host(HOST2, '10.0.0.62');
    await ways.look();
    vi.advanceTimersByTime(15_000);
    answers(async () => {
      throw new UserError('no way out');
    });
    await ways.look();
    expect(ways.current).toHaveLength(2);
    vi.advanceTimersByTime(15_000);
    answers(async (peers) => peers.map(passage));
    const { nodes } = view.current;
    view.current = { ...view.current, nodes: new Map([...nodes].filter(([id]) => id !== idOf(HOST2))) };
    await ways.look();
    expect(ways.current.map(({ to }) => to)).toEqual([idOf('10.0.0.62')]);
  });

  it('of a large cluster have their turns', async () => {
    const many = Array.from({ length: 70 }, (_, i) => `10.0.1.${i + 1}`);
    const { ways, asked } = host(...many);
    for (let round = 0; round < 3; round++) {
      await ways.look();
      vi.advanceTimersByTime(15_000);
    }
    expect(asked.map((peers) => peers.length)).toEqual([32, 32, 32]);
    expect(new Set(asked.flat()).size).toBe(70);
    expect(ways.current).toHaveLength(70);
  });
});
