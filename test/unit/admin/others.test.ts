import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Others } from '../../../src/admin/page/others.js';
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
  const heard: NodeAddress[] = [];
  const silent = new Set<string>();
  let said = (peer: string) => [{ code: 'kernel.limits', what: `${peer} is short of files`, cure: 'raise it' }];
  const others = new Others({
    ...{ self: idOf(HOST1), port: 4789, view, now: () => new Date(0) },
    probes: {
      probe: (peers) => {
        asked.push(peers);
        return answer(peers);
      },
      hear: async (peer) => {
        heard.push(peer);
        if (silent.has(peer)) throw new Error('no answer');
        return { findings: said(peer) };
      },
    },
  });
  const answers = (next: typeof answer) => {
    answer = next;
  };
  const change = (address: string, alive: boolean) => {
    const nodes = new Map(view.current.nodes).set(idOf(address), { ...livingNode(address), alive });
    view.current = { ...view.current, nodes };
  };
  const says = (next: typeof said) => {
    said = next;
  };
  return { others, asked, view, answers, heard, silent, change, says };
}

describe('the ways that the page shows', () => {
  it('are what probes of the living others found, the worse of both directions', async () => {
    const { others, asked } = host(HOST2);
    await others.look();
    expect(asked).toEqual([[HOST2]]);
    expect(others.edges).toEqual([
      {
        ...{ from: idOf(HOST1), to: idOf(HOST2), at: '1970-01-01T00:00:00.000Z', reached: true },
        ...{ rtt: 0.3, loss: 0.25, mtu: 1400, planned: 1450 },
        troubles: [
          {
            ...{ code: 'probe.loss', what: '5 of 20 packets were lost on the way back' },
            cure: expect.stringContaining('counters'),
          },
          {
            code: 'probe.mtu',
            what: expect.stringContaining('1400 bytes back'),
            cure: expect.stringContaining('mtu=1450'),
          },
        ],
      },
    ]);
  });

  it('are probed again after a while only, however often somebody looks, and stay one value until then', async () => {
    const { others, asked, answers } = host(HOST2);
    await others.look();
    const before = others.edges;
    await others.look();
    expect([asked.length, others.edges]).toEqual([1, before]);
    vi.advanceTimersByTime(15_000);
    answers(async (peers) => peers.map((peer) => ({ answered: false, peer })));
    await others.look();
    expect(others.edges).toMatchObject([{ reached: false, rtt: null }]);
  });

  it('are as they were when this host cannot probe; a host that is gone has none', async () => {
    const { others, view, answers } = host(HOST2, '10.0.0.62');
    await others.look();
    vi.advanceTimersByTime(15_000);
    answers(async () => {
      throw new UserError('no way out');
    });
    await others.look();
    expect(others.edges).toHaveLength(2);
    vi.advanceTimersByTime(15_000);
    answers(async (peers) => peers.map(passage));
    const { nodes } = view.current;
    view.current = { ...view.current, nodes: new Map([...nodes].filter(([id]) => id !== idOf(HOST2))) };
    await others.look();
    expect(others.edges.map(({ to }) => to)).toEqual([idOf('10.0.0.62')]);
  });

  it('of a host that is away are none, though it answered a moment ago', async () => {
    const { others, change } = host(HOST2, '10.0.0.62');
    await others.look();
    change(HOST2, false);
    void others.look();
    expect(others.edges.map(({ to }) => to)).toEqual([idOf('10.0.0.62')]);
  });

  it('are forgotten when nobody has looked for long, or this host cannot probe any more', async () => {
    const { others, answers } = host(HOST2);
    await others.look();
    answers(async () => {
      throw new UserError('no way out');
    });
    vi.advanceTimersByTime(149_000);
    await others.look();
    expect(others.edges).toHaveLength(1);
    vi.advanceTimersByTime(2_000);
    void others.look();
    expect([others.edges, others.words]).toEqual([[], []]);
  });

  it('of a large cluster have their turns', async () => {
    const many = Array.from({ length: 70 }, (_, i) => `10.0.1.${i + 1}`);
    const { others, asked } = host(...many);
    for (let round = 0; round < 3; round++) {
      await others.look();
      vi.advanceTimersByTime(15_000);
    }
    expect(asked.map((peers) => peers.length)).toEqual([32, 32, 32]);
    expect(new Set(asked.flat()).size).toBe(70);
    expect(others.edges).toHaveLength(70);
  });
});

describe('what the others say of themselves', () => {
  it('is asked of those who answer probes, once a minute', async () => {
    const { others, heard, answers } = host(HOST2, '10.0.0.62');
    answers(async (peers) =>
      peers.map((peer) => (peer === HOST2 ? passage(peer) : { answered: false as const, peer })),
    );
    await others.look();
    expect(others.words).toEqual([
      {
        ...{ host: idOf(HOST2), at: '1970-01-01T00:00:00.000Z' },
        findings: [{ code: 'kernel.limits', what: `${HOST2} is short of files`, cure: 'raise it' }],
      },
    ]);
    const before = others.words;
    for (const ms of [15_000, 15_000, 15_000]) {
      vi.advanceTimersByTime(ms);
      await others.look();
    }
    expect([heard, others.words]).toEqual([[HOST2], before]);
    vi.advanceTimersByTime(15_000);
    await others.look();
    expect(heard).toEqual([HOST2, HOST2]);
  });

  it('is bounded, however much one says', async () => {
    const { others, says } = host(HOST2);
    says(() => Array.from({ length: 100 }, () => ({ code: 'x', what: 'y'.repeat(2_000), cure: 'z'.repeat(2_000) })));
    await others.look();
    expect(JSON.stringify(others.words).length).toBeLessThan(25_000);
  });

  it('stays for a while when one is silent, and goes with the host', async () => {
    const { others, silent, change } = host(HOST2);
    await others.look();
    silent.add(HOST2);
    vi.advanceTimersByTime(60_000);
    await others.look();
    expect(others.words).toHaveLength(1);
    change(HOST2, false);
    void others.look();
    expect(others.words).toEqual([]);
  });
});
