import { describe, expect, it } from 'vitest';
import { hearOthers, startOf } from '../../../src/cli/doctor/others.js';
import type { Probed } from '../../../src/model/probe/passage.js';
import type { NodeAddress } from '../../../src/model/values/types.js';
import type { Heard } from '../../../src/probe/hearing.js';
import { quickTimers } from '../../fakes/quick-timers.js';

it('few hosts are asked a tenth of a second apart, many within three seconds all together', () => {
  expect([0, 1, 11].map((n) => startOf(n, 12))).toEqual([0, 100, 1_100]);
  expect([0, 99, 100].map((n) => Math.round(startOf(n, 100)))).toEqual([0, 2_970, 3_000]);
  expect(startOf(499, 500)).toBeLessThan(3_000);
});

describe('while others are being probed', () => {
  quickTimers();
  const [a, b] = ['10.0.0.2', '10.0.0.3'] as NodeAddress[] as [NodeAddress, NodeAddress];
  const PEERS = [
    { address: a, hostname: 'a' },
    { address: b, hostname: 'b' },
  ];
  const WELL: Heard = { findings: [], fine: ['x'], unknown: {} };
  const way = (peer: NodeAddress, answered: boolean) => ({ answered, peer }) as Probed;
  /** Probes that are back when the test says so. */
  function open() {
    let resolve: (found: readonly Probed[]) => void = () => {};
    const promise = new Promise<readonly Probed[]>((done) => {
      resolve = done;
    });
    return { promise, resolve };
  }
  const soon = () => performance.now() + 60_000;
  const begun = (found: Promise<readonly Probed[]>) => ({ begun: Promise.resolve(), found });
  const from = (probing: Promise<readonly Probed[]>, ask: (peer: NodeAddress) => Promise<Heard>) =>
    hearOthers('10.0.0.1' as NodeAddress, [{ peers: PEERS, ...begun(probing) }], soon(), (_, __, peer) => ask(peer));

  it('who says something is heard before the probes are back', async () => {
    const asked: [NodeAddress, boolean][] = [];
    let areBack = false;
    const probing = open();
    const heard = await from(probing.promise, async (peer) => {
      asked.push([peer, areBack]);
      areBack = peer === b;
      if (areBack) probing.resolve([way(a, true), way(b, false)]);
      return WELL;
    });
    expect(asked).toEqual([
      [a, false],
      [b, false],
    ]);
    expect(heard.map(({ hostname, said }) => [hostname, said])).toEqual([
      ['a', WELL],
      ['b', WELL],
    ]);
  });

  it('who was silent and answers probes is asked once more, and who does neither is left out', async () => {
    const asked: NodeAddress[] = [];
    const probing = open();
    const heard = await from(probing.promise, async (peer) => {
      asked.push(peer);
      if (peer === b) probing.resolve([way(a, true), way(b, false)]);
      if (peer === b || asked.filter((one) => one === a).length === 1) throw new Error('no way');
      return WELL;
    });
    expect(asked).toEqual([a, b, a]);
    expect(heard.map(({ hostname, said }) => [hostname, said])).toEqual([['a', WELL]]);
  });

  it('who answers probes and never says anything is told of', async () => {
    const heard = await from(Promise.resolve([way(a, true), way(b, true)]), async (peer) => {
      if (peer === a) throw new Error('it did not say');
      return WELL;
    });
    expect(heard.map(({ hostname, said }) => [hostname, said])).toEqual([
      ['a', { silent: 'it did not say' }],
      ['b', WELL],
    ]);
  });

  it('who is probed later is asked then, and who is not any more is told of', async () => {
    const asked: NodeAddress[] = [];
    const first = open();
    const late = first.promise.then((): readonly Probed[] => {
      expect(asked).toEqual([a]);
      throw new Error('there was no time left to probe it');
    });
    const rounds = [
      { peers: PEERS.slice(0, 1), ...begun(first.promise) },
      { peers: PEERS.slice(1), begun: first.promise.then(() => {}), found: late },
    ];
    const heard = await hearOthers('10.0.0.1' as NodeAddress, rounds, soon(), async (_, __, peer) => {
      asked.push(peer);
      first.resolve([way(a, true)]);
      return WELL;
    });
    expect(asked).toEqual([a]);
    expect(heard.map(({ hostname, said }) => [hostname, said])).toEqual([
      ['a', WELL],
      ['b', { silent: 'there was no time left to probe it' }],
    ]);
  });

  it('rejects where nobody can be probed', async () => {
    await expect(from(Promise.reject(new Error('no probe network')), async () => WELL)).rejects.toThrow('no probe');
  });
});
