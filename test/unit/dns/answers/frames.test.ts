import { expect, it } from 'vitest';
import { Frames, frame } from '../../../../src/dns/answers/frames.js';

it('finds messages however the stream is cut', () => {
  const messages = ['first', '', 'x'.repeat(300)].map((text) => Buffer.from(text));
  const stream = Buffer.concat(messages.map(frame));
  for (let size = 1; size <= stream.length; size++) {
    const frames = new Frames();
    const found: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) found.push(...frames.push(stream.subarray(at, at + size)));
    expect(found.map(String)).toEqual(messages.map(String));
  }
});

it('a message that is longer than wanted is refused at its length', () => {
  const frames = new Frames(100);
  expect([...frames.push(Buffer.from([0, 100]))]).toEqual([]);
  expect(() => [...new Frames(100).push(Buffer.from([0, 101]))]).toThrow(RangeError);
});
