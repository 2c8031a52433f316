import { type Answer, encode, type Packet } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { heardIn } from '../../../src/doctor/looks/heard.js';

const ID = 7;
const web: Answer = { type: 'A', name: 'web', ttl: 600, data: '172.16.1.1' };
const answer = (of: Packet): Buffer =>
  encode({ type: 'response', id: ID, questions: [{ name: 'web', type: 'A' }], ...of });

/** The same with two bytes of it changed. */
function altered(bytes: Buffer, at: number, value: number): Buffer {
  const other = Buffer.from(bytes);
  other.writeUInt16BE(value, at);
  return other;
}

describe('an answer', () => {
  it('is read: its addresses, or why there are none', () => {
    const alias: Answer = { type: 'CNAME', name: 'web', data: 'www' };
    expect(heardIn(answer({ answers: [alias, web] }), ID, 'A')).toEqual({
      ...{ answers: ['172.16.1.1'], outcome: 'NOERROR', isAnswer: true },
    });
    expect(heardIn(answer({ flags: 3 }), ID, 'A')).toEqual({ answers: [], outcome: 'NXDOMAIN', isAnswer: true });
    expect(heardIn(answer({ flags: 11 }), ID, 'A')).toMatchObject({ outcome: 'an error' });
  });

  it('as long as one may be is read', () => {
    const many = answer({ answers: Array.from({ length: 25 }, () => web) });
    expect(many.length).toBeGreaterThan(450);
    expect(heardIn(many, ID, 'A')?.answers).toHaveLength(25);
  });

  it('is none with another id, too long, cut off, with more in it than fits, or when it is a question', () => {
    const good = answer({ answers: [web] });
    const strange = [
      answer({ id: 8 }),
      Buffer.concat([good], 513),
      good.subarray(0, 11),
      good.subarray(0, 20),
      altered(good, 2, 0x0100),
      ...[4, 6, 8, 10].map((at) => altered(good, at, 0xffff)),
    ];
    expect(strange.map((bytes) => heardIn(bytes, ID, 'A'))).toEqual(strange.map(() => undefined));
  });

  it('of the worst that may be sent takes a millisecond or two', () => {
    const ladder = Buffer.alloc(512);
    const records = 41;
    ladder.writeUInt32BE((ID << 16) | 0x8180);
    for (let i = 0; i < records; i++) ladder.writeUInt16BE(i === 0 ? 0 : 0xc000 | (12 * i), 12 + 12 * i);
    for (const at of [6, 8, 10]) ladder.writeUInt16BE(records, at);
    // The quickest of many: the machine may be busy with others at any one.
    const times = Array.from({ length: 100 }, () => {
      const began = performance.now();
      heardIn(ladder, ID, 'A');
      return performance.now() - began;
    });
    expect(Math.min(...times)).toBeLessThan(2);
  });
});
