import { describe, expect, it } from 'vitest';
import { judgeProbe } from '../../../../src/model/probe/judgement.js';
import type { Passage } from '../../../../src/model/probe/passage.js';
import { HOST2 } from '../fixtures.js';

const SOUND: Passage & { readonly answered: true } = {
  answered: true,
  peer: HOST2,
  roundTrip: { min: 0.2, median: 0.3, max: 2 },
  there: { sent: 20, arrived: 20 },
  back: { sent: 20, arrived: 20 },
  mtu: { planned: 1450, there: 1450, back: 1450 },
  cut: true,
  checksum: { there: true, back: true },
  segments: true,
};
const judge = (change: Partial<Passage>) => judgeProbe({ ...SOUND, ...change }, 4789);
const words = (change: Partial<Passage>) => judge(change).map(({ trouble, what }) => `${trouble}: ${what}`);

it('nothing speaks against a sound way, nor against one that loses two of twenty by chance', () => {
  expect(words({})).toEqual([]);
  expect(words({ there: { sent: 20, arrived: 18 }, back: { sent: 18, arrived: 16 } })).toEqual([]);
});

it('no answer names the port', () => {
  const [found, ...more] = judgeProbe({ answered: false, peer: HOST2 }, 8472);
  expect([found?.what, more]).toEqual(['no answer came through UDP 8472', []]);
  expect(found?.cure).toContain('let UDP 8472 pass between the two hosts, in both directions');
});

it('no answer of a host that is heard names the direction', () => {
  const [found] = judgeProbe({ answered: false, peer: HOST2, heard: true }, 4789);
  expect(found).toEqual({
    trouble: 'answer',
    what: 'no answer came through UDP 4789, and what that host sends arrives here: it is the way there that is shut',
    cure: expect.stringMatching(/^let UDP 4789 pass from this host to that one: /),
  });
});

describe('loss', () => {
  it('is of one direction, or of each by itself', () => {
    expect(words({ there: { sent: 20, arrived: 17 } })).toEqual(['loss: 3 of 20 packets were lost on the way there']);
    expect(words({ there: { sent: 20, arrived: 10 }, back: { sent: 10, arrived: 5 } })).toEqual([
      'loss: 10 of 20 packets were lost on the way there',
      'loss: 5 of 10 packets were lost on the way back',
    ]);
  });
});

describe('the MTU', () => {
  const path = (there: number, back: number, cut: boolean) => ({ mtu: { planned: 1450, there, back }, cut });
  it('that is too small is told with what becomes of larger packets, and the MTU that networks may have', () => {
    const [lost] = judge({ ...path(1350, 1450, false), segments: false });
    expect(lost?.what).toBe(
      'packets of 1450 bytes should pass uncut, but the path takes 1350 bytes there; larger ones are lost',
    );
    expect(lost?.cure).toContain('-o com.docker.network.driver.mtu=1400 or less');
    expect(words(path(1350, 1300, true))).toEqual([
      'mtu: packets of 1450 bytes should pass uncut, but the path takes 1350 bytes there and 1300 bytes back; larger ones are cut on their way, which makes them slow',
    ]);
  });
  it('is no doing of the card: lost segments are not told of beside it', () => {
    expect(judge({ ...path(1350, 1450, false), segments: false })).toHaveLength(1);
  });
});

describe('offload', () => {
  it('that spoils checksums is told with the direction', () => {
    expect(words({ checksum: { there: false, back: true }, segments: false })).toEqual([
      'offload: packets whose checksum a card reckons are lost on the way there, and those without a checksum pass',
    ]);
    expect(words({ checksum: { there: true, back: false } })[0]).toContain('on the way back');
    expect(words({ checksum: { there: false, back: false } })[0]).toContain('there and back');
  });
  it('that spoils what the card cuts is told apart from that', () => {
    expect(words({ segments: false })).toEqual([
      'offload: packets that the card cuts out of larger pieces are lost on the way there, and others of the same size pass',
    ]);
  });
});
