import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Ask, probeRounds, probingOf, withUnprobed } from '../../../src/cli/doctor/rounds.js';
import type { Probed } from '../../../src/model/probe/passage.js';
import type { NodeAddress } from '../../../src/model/values/types.js';

const PEERS = Array.from({ length: 70 }, (_, n) => `10.0.0.${n + 1}` as NodeAddress);
const well = (peers: readonly NodeAddress[]) => peers.map((peer) => ({ peer, answered: true }) as Probed);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const soon = () => performance.now() + 5_000;

describe('more hosts than one question may be about', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** With so many ms for all of them. */
  const probed = async (peers: readonly NodeAddress[], ask: Ask, ms = 5_000) => {
    const probing = probingOf(probeRounds(peers, ask, performance.now() + ms));
    probing.catch(() => {});
    await vi.advanceTimersByTimeAsync(ms);
    return probing;
  };

  it('are asked for one question after the other', async () => {
    const asked: number[] = [];
    let underWay = 0;
    const { found, unprobed } = await probed(PEERS, async (peers) => {
      asked.push(peers.length);
      expect(++underWay).toBe(1);
      await sleep(5);
      underWay--;
      return well(peers);
    });
    expect(asked).toEqual([32, 32, 6]);
    expect(found.map(({ peer }) => peer)).toEqual(PEERS);
    expect(unprobed.size).toBe(0);
  });

  it('are named when there is no time left for them', async () => {
    const slow = async (peers: readonly NodeAddress[]) => {
      await sleep(700);
      return well(peers);
    };
    const { found, unprobed } = await probed(PEERS, slow, 1_600);
    expect(found).toHaveLength(32);
    expect([...unprobed]).toEqual(PEERS.slice(32).map((peer) => [peer, 'there was no time left to probe it']));
  });

  it('are named with the reason when one of the later questions fails, and the others are asked', async () => {
    const ask = async (peers: readonly NodeAddress[]) => {
      if (peers.includes(PEERS[40] as NodeAddress)) throw new Error('it is no host of the cluster');
      return well(peers);
    };
    const { found, unprobed } = await probed(PEERS, ask);
    expect(found).toHaveLength(38);
    expect(new Set(unprobed.values())).toEqual(new Set(['it is no host of the cluster']));
  });

  it('are named when the answer does not come in time', async () => {
    const ask = async (peers: readonly NodeAddress[]) =>
      peers.length < 32 ? new Promise<never>(() => {}) : well(peers);
    const { unprobed } = await probed(PEERS.slice(0, 40), ask, 1_200);
    expect(new Set(unprobed.values())).toEqual(new Set(['there was no time left to probe it']));
  });

  it('are all unknown where nobody can be probed', async () => {
    await expect(probed(PEERS, () => Promise.reject(new Error('no probe network')))).rejects.toThrow(
      'no probe network',
    );
  });
});

it('few hosts are one question, and none is none', async () => {
  expect(probeRounds(PEERS.slice(0, 32), async (peers) => well(peers), soon())).toHaveLength(1);
  expect(await probingOf(probeRounds([], async (peers) => well(peers), soon()))).toEqual({
    found: [],
    unprobed: new Map(),
  });
});

describe('who was not probed', () => {
  const examined = { findings: [], fine: ['a', 'underlay.probes'], unknown: new Map([['b', 'away']]) };

  it('is not looked at', async () => {
    const [first, second] = PEERS as [NodeAddress, NodeAddress];
    const unprobed = new Map([
      [first, 'late'],
      [second, 'late'],
    ]);
    expect(await withUnprobed(examined, async () => unprobed)).toEqual({
      findings: [],
      fine: ['a'],
      unknown: new Map([
        ['b', 'away'],
        ['underlay.probes', 'of 10.0.0.1, 10.0.0.2: late'],
      ]),
    });
  });

  it('is nobody where all were, and is not asked for where that is not known of anybody', async () => {
    expect(await withUnprobed(examined, async () => new Map())).toEqual(examined);
    const late = { ...examined, unknown: new Map([['underlay.probes', 'it was not done within 8.5 s']]) };
    expect(await withUnprobed(late, () => new Promise(() => {}))).toEqual(late);
  });
});
